#include "dispatcher/scheduler/chains.h"

#include "common/base/log.h"
#include "dispatcher/scheduler/lanes.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void move(struct run *run, struct delivery *d, enum delivery_state to)
{
	if (d->state == to)
		return;
	assert(d->state == DELIVERY_NONE || delivery_may_move(d->state, to));
	log_debug("delivery.state",
		  "broadcast=%" PRId64 " person=%" PRId64 " from=%s to=%s attempt=%" PRId64,
		  d->broadcast, d->person, delivery_state_name(d->state), delivery_state_name(to),
		  d->attempt);
	run_count(run, d->state, to);
	d->state = to;
}

/* What the escalation said, put into the delivery's columns. */
static void follow(struct run *run, struct delivery *d, const struct action *action)
{
	if (action->kind == ACTION_NONE)
		return;
	d->attempt = 0;
	d->due_at = action->at;
	d->queue = QUEUE_TIME_ONLY;
	switch (action->kind) {
	case ACTION_TRY:
		d->queue = queue_of(action->channel, run->b->lane, action->may_park);
		if (run->b->state == BROADCAST_PAUSED)
			d->queue |= QUEUE_SHELVED;
		move(run, d, DELIVERY_WAITING);
		break;
	case ACTION_WAIT:
		move(run, d, DELIVERY_WAITING);
		break;
	case ACTION_EXHAUSTED:
		move(run, d, DELIVERY_EXHAUSTED);
		break;
	case ACTION_STOP: /* who stopped it says why */
	case ACTION_NONE:
		break;
	}
}

static struct action step(struct scheduler *s, struct run *run, struct delivery *d,
			  enum chain_event event)
{
	struct plan plan = plan_unpack(d->plan);
	int64_t now = event == EVENT_ELSEWHERE && d->due_at > s->now ? d->due_at : s->now;

	return escalation_step(&plan, &run->b->policy, s->down, &d->chain, event, now);
}

void chain_start(struct scheduler *s, struct run *run, struct delivery *d)
{
	struct action action = step(s, run, d, EVENT_START);

	follow(run, d, &action);
}

enum store_status chain_begin(struct scheduler *s, struct run *run, struct delivery *d)
{
	chain_start(s, run, d);
	return delivery_insert(s->store, d);
}

void chain_event(struct scheduler *s, struct run *run, struct delivery *d, enum chain_event event)
{
	struct action action = step(s, run, d, event);

	follow(run, d, &action);
	if (event == EVENT_CANCELLED)
		move(run, d, DELIVERY_CANCELLED);
}

enum store_status chain_apply(struct scheduler *s, struct run *run, struct delivery *d,
			      enum chain_event event)
{
	chain_event(s, run, d, event);
	return delivery_save(s->store, d);
}

enum store_status chain_look_elsewhere(struct scheduler *s, struct run *run, struct delivery *d)
{
	struct action action = step(s, run, d, EVENT_ELSEWHERE);

	if (action.kind == ACTION_NONE)
		return STORE_OK;
	follow(run, d, &action);
	return delivery_save(s->store, d);
}

enum store_status chain_answered(struct scheduler *s, struct run *run, struct delivery *d,
				 const struct reply_fact *reply)
{
	enum store_status status = STORE_OK;

	if (d->state == DELIVERY_ANSWERED)
		status = run_count_answer(run, s->store, d->choice, -1);
	else
		(void)step(s, run, d, EVENT_REPLIED);
	if (d->state != DELIVERY_ANSWERED)
		group_counts_add(&run->groups, d->broadcast, reply->group, 0, 1);
	move(run, d, DELIVERY_ANSWERED);
	d->reply = reply->id;
	snprintf(d->choice, sizeof d->choice, "%s", reply->choice);
	run->answers++;
	effects_stop(&s->effects, d->broadcast, delivery_ordinal(d->id));
	if (!status)
		status = run_count_answer(run, s->store, reply->choice, 1);
	return status ? status : delivery_save(s->store, d);
}

enum store_status chain_again(struct scheduler *s, struct run *run, struct delivery *d)
{
	int round = d->chain.round + 1;
	struct action action = step(s, run, d, EVENT_START);

	d->chain.round = round;
	d->reply = 0;
	follow(run, d, &action);
	return delivery_save(s->store, d);
}

enum store_status chain_came_back(struct scheduler *s, struct run *run, struct delivery *d,
				  int dial_order, int address, bool alone)
{
	const struct comeback mail = {
		.dial_order = dial_order,
		.address = address,
		.alone = alone,
		.in_flight = d->state == DELIVERY_IN_FLIGHT,
		.due = d->due_at,
	};
	struct plan plan = plan_unpack(d->plan);
	struct action action =
		escalation_came_back(&plan, &run->b->policy, s->down, &d->chain, &mail, s->now);

	follow(run, d, &action);
	return delivery_save(s->store, d);
}

enum store_status chain_expire(struct scheduler *s, struct run *run, struct delivery *d)
{
	(void)step(s, run, d, EVENT_CANCELLED);
	move(run, d, DELIVERY_EXHAUSTED);
	return delivery_save(s->store, d);
}

void chain_departs(struct run *run, struct delivery *d, int64_t attempt)
{
	move(run, d, DELIVERY_IN_FLIGHT);
	d->attempt = attempt;
}

enum store_status chain_postpone(struct scheduler *s, struct delivery *d, int64_t until)
{
	d->due_at = until;
	return delivery_save(s->store, d);
}

enum store_status chain_shelve(struct scheduler *s, struct delivery *d, bool shelved)
{
	d->queue = shelved ? d->queue | QUEUE_SHELVED : d->queue & ~QUEUE_SHELVED;
	if (!shelved)
		parked_again(s);
	return delivery_save(s->store, d);
}
