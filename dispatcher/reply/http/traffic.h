#pragma once

/* What the endpoint has done since it started: counted where it happens, shown in /stats.json.
 */

#include "common/base/histogram.h"
#include <stdint.h>

enum { STATUS_END = 600 };

struct traffic {
	int64_t by_status[STATUS_END]; /* requests by the status they were answered with */
	int64_t recorded;              /* replies committed */
	struct histogram latency;      /* of these, from the request's first byte to the commit */
	int64_t commits;               /* transactions they took */
	int64_t unsigned_webhooks;     /* telephone requests without the provider's signature */
	int64_t hooks_refused;         /* requests to /hooks/ without the token */
	int64_t wrong_links;           /* links and tokens that are none of ours */
	int64_t crowded;               /* connections of sources that had too many */
	int64_t dropped;               /* connections that were closed for being too slow */
};
