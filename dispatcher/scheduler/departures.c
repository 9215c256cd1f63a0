#include "dispatcher/scheduler/departures.h"

#include "common/base/log.h"
#include "common/base/mem.h"
#include "dispatcher/scheduler/chains.h"
#include "dispatcher/scheduler/families.h"
#include "dispatcher/scheduler/jobs.h"

#include <assert.h>

void departure_of(const struct scheduler *s, const struct run *run, const struct delivery *d,
		  struct departure *departure)
{
	struct plan plan = plan_unpack(d->plan);
	struct action action = escalation_present(&plan, &run->b->policy, &d->chain, d->due_at);

	assert(action.kind == ACTION_TRY);
	departure->delivery = *d;
	departure->recipient = (struct recipient){0};
	departure->attempt = (struct attempt){
		.delivery = d->id,
		.channel = action.channel,
		.lane = run->b->lane,
		.dial_order = action.dial_order,
		.position = action.position,
		.address_position = action.address,
		.round = d->chain.round + 1,
		.attempt_no = action.attempt,
		.created_at = s->now,
	};
}

enum store_status departures_address(struct scheduler *s, struct departure *list, size_t count)
{
	enum store_status status = departures_load(s->store, list, count);

	for (size_t i = 0; !status && i < count; i++) {
		struct delivery *d = &list[i].delivery;
		status = families_word(s, d->broadcast, d->person, &list[i].recipient, &d->reply);
	}
	return status;
}

static void put_on_belt(struct scheduler *s, const struct departure *departure)
{
	const struct attempt *a = &departure->attempt;
	char token[TOKEN_LENGTH + 1];
	const struct job job =
		job_of(s, a, departure->delivery.person, &departure->recipient, token);

	parcel_add(&s->effects.jobs, s->belt, a->lane, &job);
	pacing_sent(&s->pacers[a->channel], 1, s->monotonic);
}

static void tell_queued(const struct delivery *d, const struct attempt *a)
{
	const struct log_id ids[] = {
		{"attempt", NULL, a->id},       {"broadcast", NULL, d->broadcast},
		{"person", NULL, d->person},    {"channel", channel_name(a->channel), 0},
		{"order", NULL, a->dial_order}, {"address", NULL, a->address_position},
		{"try", NULL, a->attempt_no},   {"call", NULL, a->call},
	};

	log_ids("attempt.queued", ids, LENGTH(ids));
}

static enum store_status number(struct scheduler *s, struct departure *list, size_t count)
{
	int64_t newest;
	enum store_status status = attempt_newest(s->store, &newest);

	for (size_t i = 0; !status && i < count; i++) {
		struct run *run;
		list[i].attempt.id = newest + 1 + (int64_t)i;
		status = runs_get(&s->runs, s->store, list[i].delivery.broadcast, &run);
		if (!status)
			chain_departs(run, &list[i].delivery, list[i].attempt.id);
	}
	return status;
}

/* Nothing of it is on the belt yet. */
static enum store_status take_off(struct scheduler *s, struct departure *list, size_t count,
				  bool fresh)
{
	enum store_status status = number(s, list, count);

	if (!status)
		status = departures_store(s->store, list, count, fresh);
	for (size_t i = 0; !status && i < count; i++)
		tell_queued(&list[i].delivery, &list[i].attempt);
	return status;
}

enum store_status departures_go(struct scheduler *s, struct departure *list, size_t count,
				bool fresh)
{
	enum store_status status = count > 0 ? take_off(s, list, count, fresh) : STORE_OK;

	for (size_t i = 0; !status && i < count; i++)
		put_on_belt(s, &list[i]);
	return status;
}

enum store_status departure_rides(struct scheduler *s, struct departure *rider, int64_t call)
{
	rider->attempt.call = call;
	return take_off(s, rider, 1, false);
}

enum store_status departure_fails(struct scheduler *s, struct departure *departure)
{
	struct attempt *a = &departure->attempt;
	struct run *run;
	enum store_status status =
		runs_get(&s->runs, s->store, departure->delivery.broadcast, &run);

	a->address = mem_string("");
	if (!status)
		status = attempt_insert(s->store, a);
	if (status)
		return status;
	runs_count_attempt(&s->runs, run, a->channel, OUTCOME_REFUSED);
	status = attempt_close(s->store, a->id, OUTCOME_REFUSED,
			       a->channel == CHANNEL_PUSH ? "no device" : "the contact is gone",
			       s->now);
	return status ? status : chain_apply(s, run, &departure->delivery, EVENT_REFUSED);
}
