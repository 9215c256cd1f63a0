#pragma once

/*
 * The hand-over: what is due becomes attempts, and attempts become jobs on the belt.
 *
 * An attempt's id is its entry's id in the stream of its channel and lane. Ids only grow, so the
 * largest id a stream ever held says which attempts were handed over: all up to it. From this
 * follows how the belt is brought in line with the store after any failure of either.
 */

#include "dispatcher/scheduler/scheduler.h"

/* In the turn's transaction: lets what only time was in the way of go on. */
MUST_USE enum store_status handover_time(struct scheduler *s);
/* In the turn's transaction: makes attempts of what is due, as the pace allows. */
MUST_USE enum store_status handover_due(struct scheduler *s);
/*
 * How many fresh deliveries of a broadcast may go out on a channel at once, without having waited:
 * none while somebody is due who comes before them.
 */
MUST_USE enum store_status handover_room(struct scheduler *s, const struct run *run,
					 enum channel channel, int64_t *room);

/* When the next delivery can be handed over or is due otherwise, monotonic; INT64_MAX: none. */
MUST_USE enum store_status handover_next(struct scheduler *s, int64_t *at);

/* At the start, and after the store failed: jobs out by channel, from the store. */
MUST_USE enum store_status handover_begin(struct scheduler *s);
