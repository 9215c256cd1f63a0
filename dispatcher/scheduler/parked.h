#pragma once

/*
 * People who wait for a channel that is down (the parked queues, lanes.h) while another step that
 * they are owed could be tried: whenever a channel goes down or comes up, they are gone through, a
 * stretch a turn.
 */

#include "common/base/must.h"
#include "common/store/store.h"
#include <stdbool.h>
#include <stdint.h>

struct scheduler;

/* How far it has come. */
struct parked {
	bool going;
	int queue; /* channel and lane, counted through */
	int64_t due_at, id;
};

/* Looks which channels are down now, and begins if that has changed. */
void parked_see(struct scheduler *s);

/* Begins again: some have come back to their queues. */
void parked_again(struct scheduler *s);

/* In the turn's transaction. */
MUST_USE enum store_status parked_go_on(struct scheduler *s);
