#pragma once

/*
 * The scheduler: the one process that decides. It works in turns. A turn is one transaction:
 * read the facts that others appended, take in results, fan out a stretch, hand over what is
 * due; then, once that is committed, its effects: stop marks, results let go, jobs on the belt.
 * Killed at any point it goes on from what is committed; effects that were not done are found
 * missing when the belt is compared with the store (handover.h).
 *
 * Nothing here survives a failed transaction: what is cached is forgotten and read again.
 */

#include "common/auth/token.h"
#include "common/base/histogram.h"
#include "common/conf/settings.h"
#include "common/queue/belt.h"
#include "common/store/delivery.h"
#include "common/store/store.h"
#include "dispatcher/scheduler/effects.h"
#include "dispatcher/scheduler/pacing.h"
#include "dispatcher/scheduler/parked.h"
#include "dispatcher/scheduler/runs.h"
#include "dispatcher/scheduler/walks.h"

/* What one turn takes at most of each, so that replies never wait long behind it. */
enum {
	TURN_REPLIES = 2000,
	TURN_CONTROLS = 100,
	TURN_RESULTS = 2000,
	TURN_DELIVERIES = 500,
	TURN_MS = 10, /* for fan-outs and sweeps */
};

enum belt_state {
	BELT_GONE,     /* not connected */
	BELT_SETTLING, /* it was emptied or put back: results are awaited before jobs go out again */
	BELT_RUNNING,
};

struct scheduler {
	struct settings *settings;
	struct store *store;
	struct belt *belt;
	char *epoch; /* of the store: by it the belt knows whose it is */
	enum belt_state belt_state;
	int64_t settled_at;  /* monotonic: when settling ends */
	bool results_there;  /* the belt may have results */
	int64_t read_at;     /* monotonic: when results were last asked for */
	struct token_keys *keys;
	bool clock_noted;     /* the next is known; timekeeping.h */
	int64_t clock_offset; /* wall clock less monotonic clock */

	struct runs runs;
	struct pacer pacers[CHANNEL_END];
	bool counted;  /* pacing knows how many are out; false: the store failed to say */
	unsigned down; /* the set of channels that are down, see parked.h */
	struct parked parked;
	struct walks walks;
	struct effects effects;
	struct histogram stop_latency; /* from an answer to the end of what follows from it */
	int64_t marks[CHANNEL_END][LANES]; /* largest attempt id on the belt, to be stored */
	bool marks_changed;

	/* the turn under way */
	int64_t now; /* UTC */
	int64_t monotonic;
	bool more;         /* something was left for the next turn */
	bool replies_left; /* among it replies: nothing is begun for anybody before they are read */
};
