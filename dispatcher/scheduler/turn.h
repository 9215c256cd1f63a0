#pragma once

/* A turn of the scheduler, and the transaction that it and the comparing with the belt stand in. */

#include "dispatcher/scheduler/scheduler.h"

/*
 * Runs `body` in a transaction and stores what it changed of the counters, broadcasts and marks.
 * After a failure all that was cached is forgotten, and the effects with it.
 */
MUST_USE enum store_status turn_transaction(
	struct scheduler *s, enum store_status (*body)(struct scheduler *s, void *arg), void *arg);

/*
 * One turn: facts, results, fan-out, hand-over, and their effects. s->more says that there is
 * work left. A belt that broke is noted in s->belt_state.
 */
MUST_USE enum store_status turn(struct scheduler *s);

/* False, logged, where the store failed outside of a transaction. */
MUST_USE bool turn_fine(const struct scheduler *s, enum store_status status);

/*
 * Whether a channel's long silence is an outage. What was not read was not heard: the next turn looks for
 * results before that is said.
 */
void turn_listen(struct scheduler *s, struct pacer *pacer);

/* The settings' paces, at the start and after a reload. */
void turn_set_paces(struct scheduler *s);
