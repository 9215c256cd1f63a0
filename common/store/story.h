#pragma once

/*
 * What happened to an attempt, a person, a broadcast or a telegram, in the order of time, put
 * together from the rows that all processes left: who asked, what was tried and how it ended, what the
 * provider and the relay said, who answered, what was decided. Reading only.
 *
 * Addresses are masked; comments and answers' further items are left out.
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include "common/store/store.h"
#include <stdbool.h>
#include <stddef.h>

/*      symbol    name                    what `number` is */
#define STORY_KINDS(X)                                         \
	X(TELEGRAM, "telegram.received", "its state")          \
	X(EVENT, "telegram.event", "0")                        \
	X(DECIDED, "telegram.decided", "the verdict")          \
	X(REQUESTED, "broadcast.requested", "the kind")        \
	X(STARTED, "broadcast.started", "0")                   \
	X(CONTROL, "broadcast.control", "the verb")            \
	X(FINISHED, "broadcast.finished", "the state")         \
	X(QUEUED, "attempt.queued", "the attempt it rides on") \
	X(CALL, "attempt.call", "the call's status")           \
	X(ENDED, "attempt.ended", "the outcome")               \
	X(BOUNCED, "attempt.bounced", "the bounce's kind")     \
	X(REPLY, "reply.recorded", "the way")

#define X(symbol, name, number) STORY_##symbol,
enum story_kind { STORY_KINDS(X) STORY_KINDS_END };
#undef X
const char *story_kind_name(enum story_kind kind);

/* What it is about; 0: any. At least one is given. */
struct story_about {
	int64_t attempt, broadcast, person, telegram;
	int64_t most;        /* attempts and replies of a broadcast as a whole, the newest */
	bool without_ledger; /* its rows are not looked for */
};

struct story_event {
	int64_t at;
	enum story_kind kind;
	int64_t id;                                   /* of the row it comes from */
	int64_t attempt, broadcast, person, telegram; /* 0: none */
	int64_t number;
	enum channel channel;
	char *user;     /* the person's code; NULL: none, or gone */
	char *text;     /* a title, a detail, a choice, a reason; never NULL */
	char *who;      /* who asked or entered it; never NULL */
	int64_t ledger; /* the row of the ledger that tells of it; 0: none was found */
};

struct story {
	struct story_event *list;
	size_t count;
};

/* STORE_NONE: there is no such attempt, broadcast, person or telegram. */
MUST_USE enum store_status story_load(struct store *store, const struct story_about *about,
				      struct story *story);
void story_free(struct story *story);

/* What came of the chain of the person in the broadcast, or of the attempt's; "" where none is meant. */
MUST_USE enum store_status story_outcome(struct store *store, const struct story_about *about,
					 char **text, int64_t *due_at);
