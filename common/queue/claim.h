#pragma once

/*
 * The belt as a worker sees it: claim a batch, look whether it is still wanted, report. The
 * names of the keys are in belt.h.
 *
 * A worker has a name that stays the same over restarts, so that it first gets back what it
 * held when it died; what a dead worker held goes to another after redis.claim_timeout.
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include "common/conf/settings.h"
#include "common/queue/job.h"
#include "common/queue/look.h"
#include "common/queue/result.h"
#include <stdbool.h>
#include <stddef.h>

struct claim;

struct claim *claim_open(const struct settings *settings, enum channel channel, const char *worker);
void claim_free(struct claim *claim);

MUST_USE bool claim_connect(struct claim *claim);
void claim_disconnect(struct claim *claim);
const char *claim_error(const struct claim *claim);

/* A job that was claimed; jobs that could not be decoded are reported and buried, not listed.
 */
struct claimed {
	struct job job;
	int lane;
};
struct claims {
	struct claimed *list;
	size_t count;
	bool lost_group; /* the queue was emptied: what was reported lately may be lost with it
			  */
};
void claims_free(struct claims *claims);

/*
 * Up to `most` jobs that this worker held when it was last connected, or that another has held
 * for too long. Does not wait. False: the connection broke; `claims` is to be freed then too.
 */
MUST_USE bool claim_leftovers(struct claim *claim, size_t most, struct claims *claims);

/* wanted[i]: whether jobs[i] is to be tried, by the stop marks as they are now. */
MUST_USE bool claim_check(struct claim *claim, const struct job *jobs, size_t count, bool *wanted);

/* What a broadcast's jobs need beside themselves. *content stays NULL where it is not there. */
MUST_USE bool claim_content(struct claim *claim, int64_t broadcast, struct content **content);

/*
 * Reports results of this worker and lets go of their jobs, REPORT_MOST at one stroke. lanes[i] is
 * that of its job.
 */
MUST_USE bool claim_report(struct claim *claim, const struct result *results, const int *lanes,
			   size_t count);

/*
 * Lets Redis note that this worker is there, which XINFO CONSUMERS tells as its idle time: a worker
 * that waits for jobs does not count as seen. False: the connection broke.
 */
MUST_USE bool claim_show_up(struct claim *claim);

/* Takes up to LOOKS_MOST of the channel's looks. False: it broke. */
MUST_USE bool claim_looks(struct claim *claim, struct look *looks, size_t *count);

/*
 * Asks for new jobs, up to `most` of each lane; claim_fd() becomes readable when they are
 * there, after some seconds without any, or when the connection broke. Asking twice asks once.
 */
MUST_USE bool claim_ask(struct claim *claim, size_t most);
int claim_fd(const struct claim *claim);
/* To be called when it is readable: the jobs, urgent lane first, or none. False: it broke. */
MUST_USE bool claim_new_jobs(struct claim *claim, struct claims *claims);
