#include "dispatcher/scheduler/fanout.h"

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/store/reply.h"
#include "dispatcher/scheduler/chains.h"

#include <inttypes.h>

enum { STRETCH = 500 };

static enum store_status add_person(struct scheduler *s, struct run *run,
				    const struct targeted *person, bool may_have_replied)
{
	struct broadcast *b = run->b;
	struct delivery d = {
		.id = delivery_id(b->id, b->next_ordinal++),
		.broadcast = b->id,
		.person = person->person,
		.plan = plan_restrict(person->plan, b->channels),
	};
	struct reply_fact reply;
	enum store_status status = chain_begin(s, run, &d);

	if (status || !may_have_replied)
		return status;
	status = facts_reply_of(s->store, b->id, person->person, &reply);
	if (status)
		return status == STORE_NONE ? STORE_OK : status;
	return chain_answered(s, run, &d, reply.id, reply.choice);
}

static enum store_status add_stretch(struct scheduler *s, struct run *run)
{
	struct broadcast *b = run->b;
	static struct targeted people[STRETCH];
	size_t count;
	bool replies;
	enum store_status status =
		target_next(s->store, b->id, b->fanout_person, people, STRETCH, &count);

	if (!status)
		status = facts_any_reply(s->store, b->id, &replies);
	for (size_t i = 0; !status && i < count; i++)
		status = add_person(s, run, &people[i], replies);
	if (status)
		return status;
	run->changed = true;
	if (count > 0)
		b->fanout_person = people[count - 1].person;
	if (count == STRETCH)
		return STORE_OK;
	b->fanned_out = true;
	b->targeted = b->next_ordinal;
	log_info("broadcast.fanned_out", "broadcast=%" PRId64 " targeted=%" PRId64, b->id,
		 b->targeted);
	return STORE_OK;
}

enum store_status fanout_go_on(struct scheduler *s)
{
	int64_t end = clock_monotonic() + TURN_MS;

	for (size_t i = 0; i < s->runs.count; i++) {
		struct run *run = s->runs.list[i];
		while (!run->b->fanned_out && run->b->state != BROADCAST_REQUESTED) {
			enum store_status status = add_stretch(s, run);
			if (status)
				return status;
			crash_point(CRASH_SCHEDULER_FANOUT);
			if (clock_monotonic() >= end) {
				s->more = true;
				return STORE_OK;
			}
		}
	}
	return STORE_OK;
}
