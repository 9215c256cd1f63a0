#include "dispatcher/scheduler/sweep.h"

#include "common/base/clock.h"
#include "dispatcher/scheduler/chains.h"
#include "dispatcher/scheduler/lanes.h"

enum { STRETCH = 500 };

void sweep_begin(struct run *run, unsigned change)
{
	run->b->sweep |= change;
	run->b->sweep_ordinal = 0;
	run->changed = true;
}

static bool is_under_way(const struct delivery *d)
{
	return d->state == DELIVERY_WAITING || d->state == DELIVERY_IN_FLIGHT;
}

/* Tried to the end, or only waiting for an answer or the next round: not in the middle of it.
 */
static bool can_begin_again(const struct delivery *d)
{
	bool resting = d->chain.phase == PHASE_RESTING || d->chain.phase == PHASE_FINAL;
	return d->state == DELIVERY_EXHAUSTED || (d->state == DELIVERY_WAITING && resting);
}

static enum store_status change(struct scheduler *s, struct run *run, struct delivery *d)
{
	unsigned changes = run->b->sweep;

	if ((changes & SWEEP_CANCEL) && is_under_way(d))
		return chain_apply(s, run, d, EVENT_CANCELLED);
	if ((changes & SWEEP_EXPIRE) && is_under_way(d))
		return chain_expire(s, run, d);
	if ((changes & SWEEP_REMIND) && can_begin_again(d))
		return chain_apply(s, run, d, EVENT_START);
	if ((changes & SWEEP_UNSHELVE) && (d->queue & QUEUE_SHELVED))
		return chain_shelve(s, d, false);
	return STORE_OK;
}

static enum store_status change_stretch(struct scheduler *s, struct run *run)
{
	static struct delivery list[STRETCH];
	size_t count;
	enum store_status status =
		delivery_walk(s->store, run->b->id, run->b->sweep_ordinal, list, STRETCH, &count);

	for (size_t i = 0; !status && i < count; i++)
		status = change(s, run, &list[i]);
	run->changed = true;
	if (count > 0)
		run->b->sweep_ordinal = delivery_ordinal(list[count - 1].id) + 1;
	if (count < STRETCH)
		run->b->sweep = 0;
	return status;
}

enum store_status sweep_go_on(struct scheduler *s)
{
	int64_t end = clock_monotonic() + TURN_MS;

	for (size_t i = 0; i < s->runs.count; i++) {
		struct run *run = s->runs.list[i];
		while (run->b->sweep && run->b->fanned_out) {
			enum store_status status = change_stretch(s, run);
			if (status)
				return status;
			if (clock_monotonic() >= end) {
				s->more = true;
				return STORE_OK;
			}
		}
	}
	return STORE_OK;
}
