#pragma once

/*
 * Random people and policies for the tests of the escalation. A seed says everything:
 *
 *	TENKO_SEED=N        the same again
 *	TENKO_SEQUENCES=N   how many (a million)
 */

#include "common/base/plan.h"
#include "common/base/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static uint64_t dice_seed;
static long dice_sequences = 1000000;

static inline void dice_from_environment(void)
{
	const char *seed = getenv("TENKO_SEED"), *sequences = getenv("TENKO_SEQUENCES");

	if (seed)
		dice_seed = strtoull(seed, NULL, 10);
	else if (getrandom(&dice_seed, sizeof(dice_seed), 0) != sizeof(dice_seed))
		dice_seed = 1;
	if (sequences)
		dice_sequences = strtol(sequences, NULL, 10);
	printf("TENKO_SEED=%" PRIu64 " TENKO_SEQUENCES=%ld\n", dice_seed, dice_sequences);
	fflush(stdout);
}

struct dice {
	uint64_t state;
};

/* The dice of the n-th sequence: each can be thrown alone. */
static inline struct dice dice_of(long n)
{
	return (struct dice){dice_seed + (uint64_t)n * UINT64_C(0xd1342543de82ef95)};
}

/* splitmix64; from 0 to limit - 1 */
static inline int below(struct dice *d, int limit)
{
	uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return (int)(z >> 33) % limit;
}

static inline struct plan random_plan(struct dice *d)
{
	struct plan plan = {.steps = below(d, 20) ? 1 + below(d, PLAN_STEPS) : 0};
	int order = 0, seen[CHANNEL_END] = {0};

	for (int i = 0; i < plan.steps; i++) {
		enum channel channel = (enum channel)(1 + below(d, CHANNEL_END - 1));
		int most = PLAN_STEPS - plan.steps + i + 1; /* leave one for each to come */
		order += 1 + below(d, most - order);
		seen[channel] += seen[channel] < 3;
		plan.step[i] = (struct plan_step){
			.channel = channel,
			.dial_order = order,
			.position = seen[channel],
			.addresses = 1 + below(d, PLAN_ADDRESSES),
		};
	}
	return plan;
}

static inline struct policy random_policy(struct dice *d)
{
	struct policy p = {
		.temporary_retries = below(d, 3),
		.retry_interval = below(d, 6),
		.final_wait = below(d, 20),
		.rounds = 1 + below(d, 3),
		.round_interval = below(d, 40),
	};

	for (int c = 1; c < CHANNEL_END; c++)
		p.retries[c] = below(d, 3);
	return p;
}
