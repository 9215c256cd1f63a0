#pragma once

/* Attempts that the scheduler ends by a word of its own, outside a turn: gathered, then ended together. */

#include "dispatcher/scheduler/scheduler.h"

struct closings {
	enum outcome outcome;
	const char *detail;
	int64_t *ids;
	size_t count, room;
};

void closings_add(struct closings *e, int64_t attempt);

/* In a transaction of its own. Frees the ids. False, logged: the store failed. */
MUST_USE bool closings_carry_out(struct scheduler *s, struct closings *e);
