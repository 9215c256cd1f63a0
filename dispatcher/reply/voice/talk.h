#pragma once

/*
 * Asking one person in a call: read out the question, take a key, record it, read it back. Then the
 * next person who shares the telephone has their turn, or the call ends.
 *
 * A question is answered once. The address that its key goes to says when it was asked, and the
 * provider's signature is over that address: the same request sent again, by the provider or by
 * somebody who got hold of it, finds an answer from after the question and records nothing.
 */

#include "common/store/call.h"
#include "common/store/reply.h"
#include "common/text/question.h"
#include "dispatcher/reply/http/respond.h"

/* How often one person is asked in a call, whatever they press. */
enum { TALK_TIMES_MOST = 5, TALK_SILENT_MOST = 2 };

struct talk {
	struct call_party party; /* party.attempt 0: the person called in */
	struct reply_page page;
	struct question question;
	int64_t times; /* how often the question was read out before */
	int64_t asked; /* when, the first time in this call; UTC milliseconds, 0: it was not yet */
};

/*
 * Loads what the person is asked; party->broadcast and ->person are set. 0, or the status of the
 * problem page.
 */
MUST_USE int talk_load(struct visit *visit, const struct call_party *party, struct talk *talk);
void talk_free(struct talk *talk);

/* Whether answers are still taken. */
MUST_USE bool talk_is_open(const struct talk *talk);

/* Puts the question into a script. */
void talk_ask(const struct visit *visit, const struct talk *talk, struct buf *script);

/* Deals with what was pressed and answers the visit. Takes the talk. */
void talk_hear(const struct visit *visit, struct talk *talk, const char *digits);
