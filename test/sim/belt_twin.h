#pragma once

/*
 * The belt in memory: both its sides, the scheduler's (common/queue/belt.h, linked in the place of
 * the real one) and what a worker does with it. It can be emptied and put back to an old copy.
 */

#include "common/queue/belt.h"
#include "common/store/delivery.h"
#include "test/sim/fault.h"
#include "test/sim/store_twin.h"

enum {
	ENTRIES_MOST = 64 * SIM_SCALE,
	RESULTS_MOST = 128 * SIM_SCALE,
	LOOKS_KEPT = 32,
	PIPELINE_MOST = 128 * SIM_SCALE,
	STOP_BYTES = (PEOPLE_MOST + 7) / 8,
	NOBODY = -1
};

/* Ordinals, one bit each, as the stop bitmap has them. */
struct stop_bits {
	unsigned char bytes[STOP_BYTES];
};

struct entry {
	int64_t attempt, broadcast;
	int ordinal;
	int holder; /* the worker, or NOBODY */
};

struct stream_twin {
	bool there; /* the group, without which no worker gets anything */
	int64_t last;
	struct entry list[ENTRIES_MOST];
	int count;
};

struct report {
	int64_t attempt;
	enum outcome outcome;
	int device_gone; /* the person's id; 0: none */
	int call;        /* placed: the number of the call; 0: none */
};

struct queue_twin {
	bool epoch;
	struct stream_twin streams[CHANNEL_END][LANES];
	struct report results[RESULTS_MOST];
	int result_ids[RESULTS_MOST];
	int result_count, result_newest;
	struct stop_bits stops[BROADCASTS_MOST];
	bool halted[BROADCASTS_MOST], content[BROADCASTS_MOST];
	int64_t looks[LOOKS_KEPT];
	int look_count;
};

enum command_kind { PUT_JOB, PUT_LOOK, PUT_STOP, PUT_STOPS, PUT_HALT, PUT_CONTENT, PUT_RETIRE };

struct command {
	enum command_kind kind;
	enum channel channel;
	int lane;
	struct entry entry;
	int64_t broadcast;
	bool halted;
	struct stop_bits stops;
};

struct belt {
	struct faults *faults;
	struct world *world;
	bool connected;
	bool waits; /* to be told of results */
	struct queue_twin queue;
	struct command pipeline[PIPELINE_MOST];
	int pipelined;
	size_t refused; /* by the queue, of what was sent: not told yet */
};

/* A worker's side. */
void queue_report(struct queue_twin *q, enum channel channel, int lane,
		  const struct report *report);
void queue_remove_entry(struct stream_twin *stream, int64_t attempt);
bool queue_holds(const struct queue_twin *q, const struct twin_attempt *a);
bool queue_stops(const struct queue_twin *q, int64_t delivery); /* its stop mark stands */
