#pragma once

/*
 * Walks through all open attempts of the streams, a stretch at a time and for bounded time, so that
 * a million of them take neither memory nor keep replies waiting. Where a walk has come stands here.
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include "common/queue/belt.h"
#include <stdbool.h>
#include <stdint.h>

struct scheduler;

struct walks {
	/* for open attempts whose entry is gone, through one stream after the other */
	bool looking;
	int stream; /* channel and lane, counted through */
	int64_t looked;
	int64_t looked_at; /* monotonic: when the last walk ended */

	/* taking back what no worker has claimed, up to which attempt */
	bool recalling[CHANNEL_END];
	int64_t recalled[CHANNEL_END][LANES];
};

/* All results that stand there now are taken in. False: the belt or the store failed. */
MUST_USE bool walks_drain_results(struct scheduler *s);

/*
 * Open attempts that a stream held and holds no more: their result got lost, and they are made again.
 * walks_look() goes on for 50 ms and is called until walks.looking is false. False: the belt or the
 * store failed.
 */
void walks_begin_looking(struct scheduler *s);
MUST_USE bool walks_look(struct scheduler *s);

/*
 * Takes back what no worker has claimed of a channel that is down, so that chains go on: for 50 ms;
 * *done says whether that was all. False: the belt or the store failed.
 */
MUST_USE bool walks_recall(struct scheduler *s, enum channel channel, bool *done);
/* The channel came up again: the next time begins anew. */
void walks_recall_no_more(struct scheduler *s, enum channel channel);
