#pragma once

/*
 * How long something took, counted in steps from a millisecond to ten seconds: what a monitoring
 * system works out shares and percentiles from. A plain struct, zeroed at the beginning; counts only
 * ever grow.
 */

#include <stdint.h>

enum { HISTOGRAM_STEPS = 13 };

struct histogram {
	int64_t count[HISTOGRAM_STEPS + 1]; /* each step's own; the last: longer than all steps */
	int64_t sum;                        /* milliseconds */
};

/* The longest that counts for a step, in milliseconds; they rise with the step. */
int64_t histogram_limit(int step);

/* Less than nothing, as a clock that was set may give, counts as nothing. */
void histogram_add(struct histogram *histogram, int64_t ms);

/* How many took at most as long as a step allows; for HISTOGRAM_STEPS all of them. */
int64_t histogram_up_to(const struct histogram *histogram, int step);
