#pragma once

/*
 * A person's contact plan: the contacts that are dialled, in dial order (steps), packed into one
 * integer so that a million of them cost nothing to keep or to copy.
 *
 * A step is a contact of one channel with 1 to 3 addresses: the mail group has up to three, a
 * telephone has one, push stands for all devices of the person at once. Steps are ordered by dial
 * order, without gaps; each remembers its dial order (1..4) and, for a telephone, which of the
 * three it is.
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include <stdint.h>

enum { PLAN_STEPS = 5, PLAN_ADDRESSES = 3, DIAL_ORDER_MOST = 4 };

struct plan_step {
	enum channel channel;
	int dial_order; /* 1..4; 5 is left for push behind four others */
	int position;	/* which contact of the channel: telephone 1..3; 1 for mail and push */
	int addresses;	/* 1..3 */
};

struct plan {
	int steps; /* 0..PLAN_STEPS */
	struct plan_step step[PLAN_STEPS];
};

/* Bits of a step, lowest first: channel 3, dial order 3, position 2, addresses 2; then the next. */
MUST_USE int64_t plan_pack(const struct plan *plan);
/* Bits that are no plan give a plan of no steps. */
MUST_USE struct plan plan_unpack(int64_t packed);

/* The plan with only the steps whose channel is in the set. */
MUST_USE int64_t plan_restrict(int64_t packed, unsigned channels);
/* The plan with only the steps that stand at this place of the dial order. */
MUST_USE int64_t plan_only(int64_t packed, int dial_order);
