#pragma once

/*
 * Takes in what the workers reported, matched by attempt; a result that comes twice counts once.
 *
 * A call that is placed is not ended by that: its attempt stays open until the provider tells of its
 * end (calls.h).
 */

#include "dispatcher/scheduler/scheduler.h"

MUST_USE enum store_status outcomes_take(struct scheduler *s, const struct results *results);

/* The provider has told of an open attempt's call: it is under way. */
MUST_USE enum store_status outcomes_placed(struct scheduler *s, const struct attempt_state *attempt,
					   const char *reference);

/* Ends an open attempt by a word of our own and lets the chain go on. */
MUST_USE enum store_status outcomes_end(struct scheduler *s, int64_t attempt, enum outcome outcome,
					const char *detail);
