#pragma once

/*
 * What the scheduler posts for monitoring (common/base/board.h): how the queue stands, workers on
 * other machines among it, and what it measures itself. In the data directory, as POSTED_QUEUE.
 */

#include "common/base/histogram.h"
#include "common/base/vocabulary.h"
#include "common/queue/belt.h"
#include <stdint.h>

#define POSTED_QUEUE "run/board.scheduler"

/* Of struct posted_queue: another one with each change of it, of the channels or of the steps. */
enum { POSTED_QUEUE_VERSION = 1 };

/* Workers beyond these are not told of; nor is one without jobs that was not seen for so long. */
enum { POSTED_WORKERS = 64, POSTED_WORKER_GONE_MS = 3600 * 1000 };

struct posted_worker {
	char name[96]; /* "mail-1@host" */
	int32_t channel;
	int64_t pending; /* jobs it holds */
	int64_t idle;    /* milliseconds since Redis saw it */
};

struct posted_queue {
	int32_t connected; /* to Redis; false: all of this but what it measures itself is zero */
	struct posted_stream {
		int32_t exists;
		int32_t workers;
		int64_t length, pending;
		int64_t oldest_at; /* UTC, when the oldest job was handed over; 0: there is none */
	} streams[CHANNEL_END][LANES];
	int64_t results, results_age, dead; /* as in common/queue/figures.h */
	int64_t in_flight[CHANNEL_END];     /* attempts handed over and not ended */
	int64_t worker_count;
	struct posted_worker workers[POSTED_WORKERS];
	struct histogram stop_latency;
};
