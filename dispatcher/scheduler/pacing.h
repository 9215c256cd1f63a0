#pragma once

/*
 * How much of a channel may be handed over now: the window (jobs out and not reported back),
 * the rate, and whether the channel is up. A function of its arguments; times in milliseconds
 * on one monotonic clock.
 *
 * A channel that reports an outage is down: only a probe goes out, after a wait that doubles
 * while probes fail. Once one failed the outage is confirmed, and people are not kept waiting
 * for the channel. The first word other than an outage opens it again.
 */

#include "common/base/must.h"
#include <stdbool.h>
#include <stdint.h>

struct pace {
	int64_t window;
	int64_t rate;         /* a second; 0: no limit */
	int64_t backoff;      /* first wait for a probe */
	int64_t backoff_most; /* longest */
	int64_t silence;      /* jobs out and no word for this long: an outage */
};

struct pacer {
	struct pace pace;
	int64_t out;    /* handed over and not ended */
	int64_t placed; /* of these, under way on the other side: calls; their silence is none */
	int64_t credit; /* thousandths of a job that the rate allows */
	int64_t credited_at;
	int64_t heard_at; /* last word, or first job out after none was */
	bool down, confirmed;
	bool probing; /* a probe is out */
	bool recall;  /* jobs that no worker has claimed are to be taken back; the caller clears */
	int64_t wait; /* for the next probe */
	int64_t probe_at;
	int64_t failed_at; /* last outage that counted */
};

/* How many jobs may be handed over now. */
MUST_USE int64_t pacing_allow(struct pacer *p, int64_t now);
/* When that may be more; INT64_MAX: when results come. */
MUST_USE int64_t pacing_next(const struct pacer *p, int64_t now);

void pacing_sent(struct pacer *p, int64_t jobs, int64_t now);
/* One of those out is placed now. */
void pacing_placed(struct pacer *p);
/* A job is not out any more, `placed` or not; says nothing about the channel. */
void pacing_returned(struct pacer *p, bool placed);
void pacing_works(struct pacer *p, int64_t now);
void pacing_outage(struct pacer *p, int64_t now);

/* Whether jobs are out of which nobody has said a word for long. */
MUST_USE bool pacing_is_silent(const struct pacer *p, int64_t now);
/* Turns a long silence into a confirmed outage. */
void pacing_listen(struct pacer *p, int64_t now);
