#pragma once

/* What the store knows of jobs in the queue. Reading only. */

#include "common/base/vocabulary.h"
#include "common/store/store.h"

/*
 * How fast the newest attempts of each channel went, over the last minute: of those that took place
 * and ended. An array of CHANNEL_END. Looks at a bounded number of rows.
 */
struct pace_measured {
	int64_t ended;               /* how many */
	int64_t first_end, last_end; /* UTC milliseconds */
	double mean_ms;              /* from hand-over to result */
};
MUST_USE enum store_status queued_measure(struct store *store, int64_t now,
					  struct pace_measured *paces);

/* Which channels are down as a whole: an array of CHANNEL_END. The caller frees the reasons. */
struct channel_outage {
	int64_t since; /* 0: it works, as far as anybody tried */
	char *reason;  /* NULL where it works */
};
MUST_USE enum store_status channel_outages(struct store *store, struct channel_outage *outages);

/* When an attempt was handed over. STORE_NONE: no such attempt. */
MUST_USE enum store_status queued_since(struct store *store, int64_t attempt, int64_t *at);
