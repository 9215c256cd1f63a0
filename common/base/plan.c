#include "common/base/plan.h"

enum { STEP_BITS = 10 };

int64_t plan_pack(const struct plan *plan)
{
	int64_t packed = 0;

	for (int i = plan->steps - 1; i >= 0; i--) {
		const struct plan_step *s = &plan->step[i];
		packed = packed << STEP_BITS | s->addresses << 8 | s->position << 6 |
			 s->dial_order << 3 | (int)s->channel;
	}
	return packed;
}

struct plan plan_unpack(int64_t packed)
{
	struct plan plan = {0};

	for (uint64_t bits = (uint64_t)packed; bits; bits >>= STEP_BITS) {
		struct plan_step s = {
			.channel = (enum channel)(bits & 7),
			.dial_order = (int)(bits >> 3 & 7),
			.position = (int)(bits >> 6 & 3),
			.addresses = (int)(bits >> 8 & 3),
		};
		bool sound = s.channel > CHANNEL_NONE && s.channel < CHANNEL_END && s.dial_order &&
			     s.position && s.addresses && plan.steps < PLAN_STEPS;
		if (!sound)
			return (struct plan){0};
		plan.step[plan.steps++] = s;
	}
	return plan;
}

int64_t plan_restrict(int64_t packed, unsigned channels)
{
	struct plan all = plan_unpack(packed), some = {0};

	for (int i = 0; i < all.steps; i++)
		if (channels & 1u << all.step[i].channel)
			some.step[some.steps++] = all.step[i];
	return plan_pack(&some);
}

int64_t plan_only(int64_t packed, int dial_order)
{
	struct plan all = plan_unpack(packed), some = {0};

	for (int i = 0; i < all.steps; i++)
		if (all.step[i].dial_order == dial_order)
			some.step[some.steps++] = all.step[i];
	return plan_pack(&some);
}
