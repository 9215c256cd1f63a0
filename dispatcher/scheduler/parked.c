#include "dispatcher/scheduler/parked.h"

#include "common/base/clock.h"
#include "dispatcher/scheduler/chains.h"
#include "dispatcher/scheduler/lanes.h"

enum { STRETCH = 500, QUEUES = (CHANNEL_END - 1) * LANES };

void parked_see(struct scheduler *s)
{
	unsigned down = 0;

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		if (s->pacers[c].down)
			down |= 1u << c;
	if (down == s->down)
		return;
	s->down = down;
	parked_again(s);
}

void parked_again(struct scheduler *s)
{
	s->parked = (struct parked){.going = s->down != 0, .due_at = INT64_MIN};
}

static enum store_status look_at_stretch(struct scheduler *s)
{
	static struct delivery list[STRETCH];
	struct parked *p = &s->parked;
	int channel = CHANNEL_NONE + 1 + p->queue / LANES, lane = p->queue % LANES;
	enum store_status status = STORE_OK;
	size_t count = 0;

	if (s->down & 1u << channel)
		status = delivery_after(s->store, queue_of((enum channel)channel, lane, true),
					p->due_at, p->id, list, STRETCH, &count);
	for (size_t i = 0; !status && i < count; i++) {
		struct run *run;
		p->due_at = list[i].due_at;
		p->id = list[i].id;
		status = runs_get(&s->runs, s->store, list[i].broadcast, &run);
		if (!status)
			status = chain_look_elsewhere(s, run, &list[i]);
	}
	if (count < STRETCH) {
		p->going = ++p->queue < QUEUES;
		p->due_at = INT64_MIN;
	}
	return status;
}

enum store_status parked_go_on(struct scheduler *s)
{
	int64_t end = clock_monotonic() + TURN_MS;

	while (s->parked.going) {
		enum store_status status = look_at_stretch(s);
		if (status)
			return status;
		if (s->parked.going && clock_monotonic() >= end) {
			s->more = true;
			return STORE_OK;
		}
	}
	return STORE_OK;
}
