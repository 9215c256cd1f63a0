#include "dispatcher/scheduler/fanout.h"

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/store/reply.h"
#include "dispatcher/scheduler/chains.h"
#include "dispatcher/scheduler/families.h"

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
	status = chain_answered(s, run, &d, reply.id, reply.choice);
	return status ? status : families_tell(s, run, person->person);
}

static enum store_status add_stretch(struct scheduler *s, struct run *run)
{
	struct broadcast *b = run->b;
	static struct targeted people[STRETCH];
	size_t count;
	bool replies, last;
	enum store_status status =
		target_next(s->store, b->id, &b->fanout_person, people, STRETCH, &count, &last);

	if (!status)
		status = facts_any_reply(s->store, b->id, &replies);
	for (size_t i = 0; !status && i < count; i++)
		status = add_person(s, run, &people[i], replies);
	if (status)
		return status;
	run->changed = true;
	if (!last)
		return STORE_OK;
	b->fanned_out = true;
	b->targeted = b->next_ordinal;
	log_info("broadcast.fanned_out", "broadcast=%" PRId64 " targeted=%" PRId64, b->id,
		 b->targeted);
	return STORE_OK;
}

/* The stretches of one call. */
struct fanout {
	int64_t end; /* monotonic */
	bool worked, waits, late;
};

static enum store_status go_on(struct scheduler *s, struct run *run, struct fanout *f)
{
	enum store_status status;
	bool wait;

	if (run->b->fanned_out || run->b->state == BROADCAST_REQUESTED)
		return STORE_OK;
	status = target_must_wait(s->store, run->b->id, &wait);
	if (!status && wait)
		f->waits = true;
	while (!status && !wait && !run->b->fanned_out && !f->late) {
		status = add_stretch(s, run);
		crash_point(CRASH_SCHEDULER_FANOUT);
		f->worked = true;
		f->late = clock_monotonic() >= f->end;
	}
	return status;
}

/* What is called off now is over soon, in this turn or the next. */
static bool is_sweeping(const struct scheduler *s)
{
	for (size_t i = 0; i < s->runs.count; i++)
		if (s->runs.list[i]->b->sweep)
			return true;
	return false;
}

enum store_status fanout_go_on(struct scheduler *s)
{
	struct fanout f = {.end = clock_monotonic() + TURN_MS};
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && !f.late && i < s->runs.count; i++)
		status = go_on(s, s->runs.list[i], &f);
	/* That one is done is seen once it is committed. */
	s->more |= f.late || (f.waits && (f.worked || is_sweeping(s)));
	return status;
}
