#pragma once

/*
 * What the provider's answers mean. Pure functions; nothing of an answer is believed but what is
 * read here.
 *
 *	201 with a call's id	placed
 *	429, 20429		never processed: too many calls a second
 *	21211 21217 21215	this number cannot be called, ever: refused
 *	21210 13226
 *	13224			cannot be called now, perhaps a carrier's outage
 *	any other 400		this number or our settings: which, tells whether others are called
 *	anything else		the account or the provider: 10004, 22005, 21205, 5xx, and 401
 *				and the like, which are our settings' fault and nobody's whom we call
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ANSWER_SID = 64, ANSWER_DETAIL = 160 };

enum verdict {
	VERDICT_PLACED,
	VERDICT_REFUSED,
	VERDICT_TEMPORARY,
	VERDICT_THROTTLED,
	VERDICT_FAILED,
	VERDICT_DOUBTFUL,   /* refused, for a reason that we do not know */
	VERDICT_UNCLEAR,    /* it said yes, and not to what */
	VERDICT_CALLED_OFF, /* it was not asked any more */
	VERDICT_NOT_RUNG,   /* it was not asked: the null transport */
};

struct placed {
	enum verdict verdict;
	char sid[ANSWER_SID + 1];
	char detail[ANSWER_DETAIL]; /* the provider's words, but for a call that was placed */
};

struct placed answer_to_placing(int status, const char *json, size_t length);

/*
 * Which of the calls listed is the one that we do not know about: the newest that was made at `since`
 * (UTC milliseconds) or later and that `known` does not know. False: there is none, or
 * *readable is false.
 */
MUST_USE bool answer_find(const char *json, size_t length, int64_t since,
			  bool (*known)(const char *sid, void *arg), void *arg, char *sid,
			  bool *readable);

/* What became of a call: OUTCOME_NONE where it does not say, OUTCOME_PLACED while it is under way. */
MUST_USE enum outcome answer_to_look(int status, const char *json, size_t length, char *detail);
