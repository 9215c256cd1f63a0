#pragma once

/*
 * All that monitoring is told, read at one time: counters of the store, the boards of scheduler and
 * tenkod, sizes of files, and what this process counts itself. Nobody is asked and nothing is
 * counted anew, so that people's answers do not wait for it: Redis is the scheduler's to look at.
 */

#include "common/base/board.h"
#include "common/base/posted.h"
#include "common/queue/posted.h"
#include "common/store/figures.h"
#include "common/store/totals.h"
#include "dispatcher/reply/server.h"

/* The newest of the broadcasts that are not over, and of the others as many as there is room for. */
enum { READING_BROADCASTS = 20, READING_FEEDS = 32, WORKER_SILENT_MS = 60 * 1000 };

struct reading {
	const struct server *server;
	int64_t now; /* UTC */

	struct figures *broadcasts[READING_BROADCASTS]; /* newest first */
	size_t broadcast_count;
	int64_t unaccounted; /* people of theirs who are in no state, or in two; should be 0 */
	struct totals totals;

	enum board_state queue_state, children_state;
	int64_t queue_age, children_age; /* milliseconds since they were posted */
	struct posted_queue queue;
	struct posted_children children;

	struct feed_reading {
		char *shown;         /* the address without what may be a secret */
		int64_t answered_at; /* UTC, the last sound answer; 0: none yet */
		bool sound;          /* the last answer was */
	} feeds[READING_FEEDS];
	size_t feed_count;

	int64_t database_bytes, wal_bytes, free_bytes; /* -1: cannot be said */
};

/* STORE_OK or the store's failure; the caller frees *reading in any case. */
MUST_USE enum store_status reading_take(const struct server *server, struct reading **reading);
void reading_free(struct reading *reading);

/* How the queue stands is known: the scheduler runs and Redis answers it. */
MUST_USE bool reading_has_queue(const struct reading *reading);

/* Milliseconds since the oldest job of a stream was handed over; -1: there is none, or not known. */
MUST_USE int64_t reading_oldest(const struct reading *reading, const struct posted_stream *stream);

/* Seen within a minute; one with jobs in hand until these are given to another. */
MUST_USE bool reading_worker_is_up(const struct reading *reading,
				   const struct posted_worker *worker);
