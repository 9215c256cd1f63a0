#pragma once

/* The batch in hand: jobs, their contents, and how each ended. */

#include "common/queue/claim.h"
#include "workers/contents.h"
#include "workers/recent.h"

struct batch {
	struct job *jobs; /* those to deliver first, then those not wanted any more */
	const struct content **contents;
	struct result *results;
	int *lanes;
	size_t count;
	size_t wanted;      /* how many are to be delivered */
	bool *go;           /* of these: still wanted when that was last asked */
	int64_t checked_at; /* monotonic */
	bool blind;         /* the queue is gone: who has answered cannot be known */
	char *down;         /* why the channel as a whole was found down; NULL: it was not */
};

/*
 * Sorts `count` claimed jobs: what is not wanted any more, or lacks its content, is reported as
 * not tried. The jobs' texts stay the claims'. False: the connection broke; nothing is kept.
 */
MUST_USE bool batch_begin(struct batch *batch, struct claim *claim, struct contents *contents,
			  const struct claimed *list, size_t count, char *worker);

/* See worker_wanted(). */
bool batch_wanted(struct batch *batch, struct claim *claim, size_t i);

/* How jobs[i] ended; once for each. */
void batch_report(struct batch *batch, size_t i, enum outcome outcome, const char *detail);

/* The provider's id of the call of jobs[i], before its report. */
void batch_refer(struct batch *batch, size_t i, const char *reference);
/* Devices of jobs[i] that are no more, before its report. */
void batch_report_gone(struct batch *batch, size_t i, const char *ids);

/* Reports all, what the channel left out as the outage it told of. False: the connection broke;
 * the results are kept among the recent ones all the same. */
MUST_USE bool batch_end(struct batch *batch, struct claim *claim, struct recent *recent);
