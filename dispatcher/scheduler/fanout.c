#include "dispatcher/scheduler/fanout.h"

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "dispatcher/scheduler/chains.h"
#include "dispatcher/scheduler/departures.h"
#include "dispatcher/scheduler/families.h"
#include "dispatcher/scheduler/handover.h"
#include "dispatcher/scheduler/lanes.h"

#include <inttypes.h>

enum { STRETCH = 500 };

/* A stretch of people: those whose first attempt goes out at once, and those who wait for it. */
struct stretch {
	int64_t room[CHANNEL_END]; /* how many more may go out at once */
	int64_t replier;           /* the next person by id who has answered already */
	struct departure departing[STRETCH];
	size_t departing_count;
	struct delivery waiting[STRETCH];
	size_t waiting_count;
};

static enum store_status begin(struct scheduler *s, const struct run *run, struct stretch *stretch)
{
	enum store_status status = STORE_OK;

	stretch->departing_count = stretch->waiting_count = 0;
	stretch->replier = INT64_MIN;
	for (int c = CHANNEL_NONE + 1; !status && c < CHANNEL_END; c++)
		status = handover_room(s, run, (enum channel)c, &stretch->room[c]);
	return status;
}

/* Somebody answered before they were asked. */
static enum store_status add_answered(struct scheduler *s, struct run *run, struct delivery *d)
{
	struct reply_fact reply;
	enum store_status status = facts_reply_of(s->store, d->broadcast, d->person, &reply);

	if (!status)
		status = delivery_insert(s->store, d);
	if (!status)
		status = chain_answered(s, run, d, &reply);
	return status ? status : families_tell(s, run, d->person);
}

/* Families are told one by one. */
static bool departs(struct scheduler *s, const struct run *run, const struct delivery *d,
		    struct stretch *stretch)
{
	struct departure *departure = &stretch->departing[stretch->departing_count];

	if (d->state != DELIVERY_WAITING || d->queue == QUEUE_TIME_ONLY || d->person < 0)
		return false;
	departure_of(s, run, d, departure);
	if (stretch->room[departure->attempt.channel] <= 0)
		return false;
	stretch->room[departure->attempt.channel]--;
	stretch->departing_count++;
	return true;
}

static enum store_status add_person(struct scheduler *s, struct run *run,
				    const struct targeted *person, struct stretch *stretch)
{
	struct broadcast *b = run->b;
	struct delivery d = {
		.id = delivery_id(b->id, b->next_ordinal++),
		.broadcast = b->id,
		.person = person->person,
		.plan = plan_restrict(person->plan, b->channels),
	};
	enum store_status status = STORE_OK;

	group_counts_add(&run->groups, b->id, person->group, 1, 0);
	chain_start(s, run, &d);
	if (stretch->replier < d.person)
		status = facts_next_replier(s->store, b->id, d.person, &stretch->replier);
	if (status)
		return status;
	if (stretch->replier == d.person)
		return add_answered(s, run, &d);
	if (!departs(s, run, &d, stretch))
		stretch->waiting[stretch->waiting_count++] = d;
	return STORE_OK;
}

/* Who has no address any more waits like the others; the hand-over ends their attempt. */
static void keep_addressless(struct stretch *stretch)
{
	struct departure *list = stretch->departing;
	size_t kept = 0;

	for (size_t i = 0; i < stretch->departing_count; i++) {
		if (list[i].attempt.address) {
			list[kept++] = list[i];
			continue;
		}
		stretch->waiting[stretch->waiting_count++] = list[i].delivery;
		departures_free(&list[i], 1);
	}
	stretch->departing_count = kept;
}

static enum store_status send_off(struct scheduler *s, struct stretch *stretch)
{
	enum store_status status =
		departures_address(s, stretch->departing, stretch->departing_count);

	if (!status)
		keep_addressless(stretch);
	if (!status)
		status = delivery_insert_many(s->store, stretch->waiting, sizeof *stretch->waiting,
					      stretch->waiting_count);
	if (!status)
		status = departures_go(s, stretch->departing, stretch->departing_count, true);
	departures_free(stretch->departing, stretch->departing_count);
	return status;
}

/* *all_gone says whether none of them had to wait. */
static enum store_status add_stretch(struct scheduler *s, struct run *run, bool *all_gone)
{
	static struct targeted people[STRETCH];
	static struct stretch stretch;
	struct broadcast *b = run->b;
	size_t count;
	bool last;
	enum store_status status =
		target_next(s->store, b->id, &b->fanout_person, people, STRETCH, &count, &last);

	if (!status)
		status = begin(s, run, &stretch);
	for (size_t i = 0; !status && i < count; i++)
		status = add_person(s, run, &people[i], &stretch);
	if (!status)
		status = send_off(s, &stretch);
	if (status)
		return status;
	*all_gone = stretch.waiting_count == 0;
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
	int64_t begun; /* monotonic */
	bool worked, waits, late;
};

static enum store_status go_on(struct scheduler *s, struct run *run, struct fanout *f)
{
	enum store_status status;
	bool wait, all_gone = true;

	if (run->b->fanned_out || run->b->state == BROADCAST_REQUESTED)
		return STORE_OK;
	status = target_must_wait(s->store, run->b->id, &wait);
	if (!status && wait)
		f->waits = true;
	while (!status && !wait && !run->b->fanned_out && !f->late) {
		status = add_stretch(s, run, &all_gone);
		crash_point(CRASH_SCHEDULER_FANOUT);
		f->worked = true;
		/* Those who wait want their part of the turn as well. */
		f->late = clock_monotonic() >= f->begun + (all_gone ? TURN_MS : TURN_MS / 2);
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
	struct fanout f = {.begun = clock_monotonic()};
	enum store_status status = STORE_OK;

	/* Urgent first. */
	for (int lane = 0; lane < LANES; lane++)
		for (size_t i = 0; !status && !f.late && i < s->runs.count; i++)
			if (s->runs.list[i]->b->lane == lane)
				status = go_on(s, s->runs.list[i], &f);
	/* That one is done is seen once it is committed. */
	s->more |= f.late || (f.waits && (f.worked || is_sweeping(s)));
	return status;
}
