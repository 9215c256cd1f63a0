#pragma once

/*
 * How many attempts a broadcast takes and how long, if nobody answers any more. A pure function of
 * its arguments.
 *
 * Everybody goes through their plan as the escalation takes them: addresses of a pass, passes in
 * dial order, the retry interval between passes, the waits between rounds and behind the last. Each
 * channel serves who is due longest, as many at a time as it has lines and no more a second than
 * its rate. What failures add (addresses refused for now, outages) is not in it. Up to some
 * thousands of people are reckoned one by one, more in packets of several who go together.
 */

#include "common/base/chain.h"
#include "common/base/must.h"
#include "common/base/policy.h"
#include "common/conf/settings.h"
#include "common/store/broadcast.h"
#include "common/store/delivery.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capacity {
	int64_t lines;     /* attempts at one time, from 1 */
	int64_t rate;      /* attempts a second, 0: no limit */
	double attempt_ms; /* one attempt, from hand-over to result */
};

/* People who stand at the same place of the same plan. */
struct cohort {
	const struct policy *policy;
	int64_t plan; /* packed, of the channels in use */
	int64_t people;
	int lane;        /* as of the broadcast */
	bool in_the_way; /* of another broadcast: they use the lines, nothing else of them counts */
	bool over;       /* nothing more is tried */
	bool tried;      /* on their first contact, already */
	bool under_way;  /* the next attempt was begun */
	struct chain chain;
	int64_t due_ms; /* when the next attempt, or the end of a wait, is due; below 0: since then */
};

struct forecast {
	int64_t people, unreachable;      /* unreachable: no contact of the channels in use */
	int64_t passed_over[CHANNEL_END]; /* people with a step of a channel that is not in use */
	int64_t attempts[CHANNEL_END];    /* by channel */
	int64_t tried;                    /* people tried on their first contact already */
	/* until so many of those who can be reached were tried on their first contact; 0: they were */
	int64_t half_ms, most_ms, first_ms; /* 50 %, 90 %, all */
	int64_t all_ms;                     /* until the last chain ends, with the wait after it */
};

/* One person, as they stand at `now` (UTC). `created_at` is that of the attempt under way, if any. */
MUST_USE struct cohort cohort_of(const struct delivery *d, const struct broadcast *b,
				 int64_t created_at, int64_t now);

/* From the beginning. `channels`: the set in use. `capacity` is indexed by channel. */
MUST_USE struct forecast forecast_make(const struct plan_count *plans, size_t count,
				       unsigned channels, const struct policy *policy,
				       const struct capacity *capacity);

/*
 * The same for a broadcast that is to be asked for, beside others that are under way: they are put
 * `in_the_way`. `others` may be NULL.
 */
MUST_USE struct forecast forecast_make_among(const struct plan_count *plans, size_t count,
					     const struct broadcast *b, const struct cohort *others,
					     size_t other_count, const struct capacity *capacity);

/* From wherever they stand now. passed_over stays 0. */
MUST_USE struct forecast forecast_go_on(const struct cohort *cohorts, size_t count,
					const struct capacity *capacity);

/*
 * What the settings allow each channel (an array of CHANNEL_END), with what an attempt takes by
 * experience: a mail 20 ms of one worker's session, a call 45 s of a line, a push 1 s.
 */
void forecast_capacity(const struct settings *settings, struct capacity *capacity);
