#pragma once

/*
 * How many attempts a broadcast takes and how long, if nobody answers. A pure function of its
 * arguments.
 *
 * People with the same contact plan go through it together, as the escalation does it: passes
 * in dial order, the retry interval between them. Each channel serves whoever is due first, as
 * many at a time as it has lines and no more a second than its rate. What failures add
 * (addresses refused for now, outages) is not in it.
 */

#include "common/base/must.h"
#include "common/base/policy.h"
#include "common/conf/settings.h"
#include "common/store/broadcast.h"
#include <stddef.h>
#include <stdint.h>

struct capacity {
	int64_t lines;      /* attempts at one time, from 1 */
	int64_t rate;       /* attempts a second, 0: no limit */
	int64_t attempt_ms; /* one attempt, from hand-over to result */
};

struct forecast {
	int64_t people, unreachable;      /* unreachable: no contact of the channels in use */
	int64_t passed_over[CHANNEL_END]; /* people with a step of a channel that is not in use */
	int64_t attempts[CHANNEL_END];    /* by channel */
	int64_t first_ms;                 /* until everybody was tried on their first contact */
	int64_t all_ms;                   /* until the last chain ends, with the wait after it */
};

/* `channels`: the set in use. `capacity` is indexed by channel. */
MUST_USE struct forecast forecast_make(const struct plan_count *plans, size_t count,
				       unsigned channels, const struct policy *policy,
				       const struct capacity *capacity);

/*
 * What the settings allow each channel (an array of CHANNEL_END), with what an attempt takes by
 * experience: a mail 20 ms of one worker's session, a call 45 s of a line, a push 1 s.
 */
void forecast_capacity(const struct settings *settings, struct capacity *capacity);
