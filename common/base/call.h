#pragma once

/*
 * A telephone call as the provider tells of it: its states, each with what it means for the attempt.
 * The numbers are stored: never change one, only add.
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"

/*      symbol       number  name           how the attempt ended; NONE: it has not */
#define CALL_STATUSES(X)                                \
	X(INITIATED, 1, "initiated", NONE)              \
	X(QUEUED, 2, "queued", NONE)                    \
	X(RINGING, 3, "ringing", NONE)                  \
	X(IN_PROGRESS, 4, "in-progress", NONE)          \
	X(COMPLETED, 5, "completed", ANSWERED_NO_INPUT) \
	X(BUSY, 6, "busy", BUSY)                        \
	X(NO_ANSWER, 7, "no-answer", NO_ANSWER)         \
	X(FAILED, 8, "failed", NO_ANSWER)               \
	X(CANCELED, 9, "canceled", NO_ANSWER)

#define X(symbol, number, name, outcome) CALL_##symbol = (number),
enum call_status { CALL_NONE = 0, CALL_STATUSES(X) CALL_END };
#undef X

MUST_USE enum call_status call_status_by_name(const char *name); /* CALL_NONE: no such state */
const char *call_status_name(enum call_status status);

/*
 * How the attempt ended; OUTCOME_NONE while the call is under way. `answered_by` as the provider
 * says it, "" where it did not look. Whether the person pressed a key is not known here.
 */
MUST_USE enum outcome call_outcome(enum call_status status, const char *answered_by);

/* "machine_start", "machine_end_beep", "fax" and the like. */
MUST_USE bool call_by_machine(const char *answered_by);
