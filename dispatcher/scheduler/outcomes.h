#pragma once

/* Takes in what the workers reported, matched by attempt; a result that comes twice counts
 * once. */

#include "dispatcher/scheduler/scheduler.h"

MUST_USE enum store_status outcomes_take(struct scheduler *s, const struct results *results);

/* Ends an open attempt by a word of our own and lets the chain go on. */
MUST_USE enum store_status outcomes_end(struct scheduler *s, int64_t attempt, enum outcome outcome,
					const char *detail);
