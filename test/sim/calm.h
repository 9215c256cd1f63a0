#pragma once

/*
 * Worlds in which nothing goes wrong and nobody answers: every attempt takes the time of its
 * channel, a worker does one at a time, a call rings until it ends. So when who was tried, and when
 * all have been, depends on roster, dial orders, retries, lines and rates alone.
 */

#include "common/roster/forecast.h"
#include "test/sim/world.h"

struct calm {
	struct setup setup;
	int64_t attempt_ms[CHANNEL_END];
	int64_t rates[CHANNEL_END]; /* a second; 0: no limit */
	int64_t second_after_ms;    /* a second broadcast is asked for then; 0: none */
	int64_t look_after_ms;      /* when `look` is called, once; 0: never */
	void (*look)(struct world *w, void *arg);
	void *arg;
};

/* Milliseconds from when the first broadcast was asked for. */
struct calm_end {
	int64_t half, most, first; /* 50 %, 90 % and all were tried on their first contact */
	int64_t all;               /* the last chain has ended */
};

/* NULL, or what went wrong. `ends`: of as many broadcasts as there are. */
const char *calm_run(const struct calm *calm, struct calm_end ends[BROADCASTS_MOST]);

/* Where everybody of all broadcasts stands; those of other broadcasts than `of` are in the way. */
size_t calm_cohorts(const struct world *w, int64_t of, struct cohort *list);

/* What the world's workers and settings allow. */
void calm_capacity(const struct calm *calm, struct capacity *capacity);
