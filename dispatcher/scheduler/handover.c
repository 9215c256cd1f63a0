#include "dispatcher/scheduler/handover.h"

#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/store/call.h"
#include "dispatcher/scheduler/chains.h"
#include "dispatcher/scheduler/families.h"
#include "dispatcher/scheduler/introduce.h"
#include "dispatcher/scheduler/jobs.h"
#include "dispatcher/scheduler/lanes.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	CALL_RIDERS_MOST = 7, /* eight people on one call take long enough */
	LINE_WAIT_MS = 2000,
};

/* Deliveries of one queue, for the functions below. */
typedef enum store_status (*deal_fn)(struct scheduler *s, struct run *run, struct delivery *d);

/* Deals with up to `most` due ones of a queue; *count says how many there were. */
static enum store_status deal_with_due(struct scheduler *s, int queue, int64_t most, deal_fn deal,
				       int64_t *count)
{
	static struct delivery list[TURN_DELIVERIES];
	size_t room = most < TURN_DELIVERIES ? (size_t)most : TURN_DELIVERIES, found = 0;
	enum store_status status = delivery_due(s->store, queue, s->now, list, room, &found);

	for (size_t i = 0; !status && i < found; i++) {
		struct run *run;
		status = runs_get(&s->runs, s->store, list[i].broadcast, &run);
		if (!status)
			status = deal(s, run, &list[i]);
	}
	s->more |= found == TURN_DELIVERIES;
	*count = (int64_t)found;
	return status;
}

static enum store_status time_has_come(struct scheduler *s, struct run *run, struct delivery *d)
{
	return chain_apply(s, run, d, EVENT_DUE);
}

enum store_status handover_time(struct scheduler *s)
{
	int64_t count;
	return deal_with_due(s, QUEUE_TIME_ONLY, TURN_DELIVERIES, time_has_come, &count);
}

/* attempts */

static void put_on_belt(struct scheduler *s, const struct attempt *a, int64_t person,
			const struct recipient *recipient)
{
	char token[TOKEN_LENGTH + 1];
	const struct job job = job_of(s, a, person, recipient, token);

	parcel_add(&s->effects.jobs, s->belt, a->lane, &job);
	pacing_sent(&s->pacers[a->channel], 1, s->monotonic);
}

/* The contact was taken out of the roster while the broadcast ran, or has no device. */
static enum store_status contact_is_gone(struct scheduler *s, struct run *run, struct delivery *d,
					 struct attempt *a)
{
	a->address = mem_string("");
	enum store_status status = attempt_insert(s->store, a);
	if (!status)
		status = attempt_close(
			s->store, a->id, OUTCOME_REFUSED,
			a->channel == CHANNEL_PUSH ? "no device" : "the contact is gone", s->now);
	runs_count_attempt(&s->runs, run, a->channel, OUTCOME_REFUSED);
	return status ? status : chain_apply(s, run, d, EVENT_REFUSED);
}

/* A delivery's next attempt, with what its job needs. */
struct step {
	struct attempt attempt;
	struct recipient recipient;
};

static void step_free(struct step *step)
{
	recipient_free(&step->recipient);
	free(step->attempt.address);
}

/* Not stored yet; its address is NULL where the contact is gone. */
static enum store_status prepare(struct scheduler *s, const struct run *run, struct delivery *d,
				 struct step *step)
{
	struct plan plan = plan_unpack(d->plan);
	struct action action = escalation_present(&plan, &run->b->policy, &d->chain, d->due_at);
	struct attempt *a = &step->attempt;

	assert(action.kind == ACTION_TRY);
	*a = (struct attempt){
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
	enum store_status status = recipient_load(s->store, d->person, a->channel, a->dial_order,
						  a->address_position, &step->recipient,
						  &a->address);
	return status ? status
		      : families_word(s, d->broadcast, d->person, &step->recipient, &d->reply);
}

static void tell_queued(const struct delivery *d, const struct attempt *a)
{
	const struct log_id ids[] = {
		{"attempt", NULL, a->id},
		{"broadcast", NULL, d->broadcast},
		{"person", NULL, d->person},
		{"channel", channel_name(a->channel), 0},
		{"order", NULL, a->dial_order},
		{"address", NULL, a->address_position},
		{"try", NULL, a->attempt_no},
		{"call", NULL, a->call},
	};

	log_ids("attempt.queued", ids, LENGTH(ids));
}

static enum store_status begin(struct scheduler *s, struct run *run, struct delivery *d,
			       struct attempt *a)
{
	enum store_status status = attempt_insert(s->store, a);

	if (!status)
		status = chain_in_flight(s, run, d, a->id);
	if (!status)
		tell_queued(d, a);
	return status;
}

/* Somebody whose turn it is on the telephone that is being called, if it is that very one. */
static enum store_status board(struct scheduler *s, struct run *run, struct delivery *d,
			       const struct attempt *call)
{
	struct step step;
	enum store_status status = prepare(s, run, d, &step);

	if (status)
		return status;
	if (step.attempt.channel == CHANNEL_VOICE && step.attempt.address &&
	    strcmp(step.attempt.address, call->address) == 0) {
		step.attempt.call = call->id;
		status = begin(s, run, d, &step.attempt);
	}
	step_free(&step);
	return status;
}

/* One call, several people: all whose turn it is on this telephone ride on it. */
static enum store_status board_others(struct scheduler *s, struct run *run,
				      const struct delivery *d, const struct attempt *call)
{
	static struct delivery list[CALL_RIDERS_MOST];
	const int queues[2] = {queue_of(CHANNEL_VOICE, run->b->lane, false),
			       queue_of(CHANNEL_VOICE, run->b->lane, true)};
	size_t count;
	enum store_status status = delivery_sharing(s->store, d, call->address, queues, s->now,
						    list, CALL_RIDERS_MOST, &count);

	for (size_t i = 0; !status && i < count; i++)
		status = board(s, run, &list[i], call);
	return status;
}

/* Stores the attempt and puts it on the belt. */
static enum store_status send_off(struct scheduler *s, struct run *run, struct delivery *d,
				  struct step *step)
{
	struct attempt *a = &step->attempt;
	enum store_status status = begin(s, run, d, a);

	if (!status && a->channel == CHANNEL_VOICE)
		status = board_others(s, run, d, a);
	if (!status)
		put_on_belt(s, a, d->person, &step->recipient);
	return status;
}

static enum store_status hand_over(struct scheduler *s, struct run *run, struct delivery *d)
{
	struct step step;

	if (!run_is_live(run))
		return chain_shelve(s, d, true);
	enum store_status status = prepare(s, run, d, &step);
	if (status)
		return status;
	if (step.attempt.address)
		status = send_off(s, run, d, &step);
	else
		status = contact_is_gone(s, run, d, &step.attempt);
	step_free(&step);
	return status;
}

/* A line that is in use would be busy: this one waits until it is free. */
static enum store_status hand_over_call(struct scheduler *s, struct run *run, struct delivery *d)
{
	struct step step;
	bool taken = false;
	/* By now it may be riding on a call that came before it in the list. */
	enum store_status status = delivery_load(s->store, d->id, d);

	if (status || d->state != DELIVERY_WAITING)
		return status;
	status = prepare(s, run, d, &step);
	if (status)
		return status;
	if (step.attempt.address)
		status = call_number_taken(s->store, step.attempt.address, &taken);
	step_free(&step);
	if (!status && taken)
		return chain_postpone(s, d, s->now + LINE_WAIT_MS);
	return status ? status : hand_over(s, run, d);
}

/* The channel is down: nobody waits for it who has anything else left. */
static enum store_status pass_over(struct scheduler *s, struct run *run, struct delivery *d)
{
	if (!run_is_live(run))
		return chain_shelve(s, d, true);
	log_info("attempt.passed_over", "broadcast=%" PRId64 " person=%" PRId64, d->broadcast,
		 d->person);
	return chain_apply(s, run, d, EVENT_OUTAGE);
}

static enum store_status channel_due(struct scheduler *s, enum channel channel)
{
	struct pacer *pacer = &s->pacers[channel];
	deal_fn deal = channel == CHANNEL_VOICE ? hand_over_call : hand_over;
	enum store_status status = STORE_OK;
	int64_t count;

	/* Urgent first; within a lane those that an outage made wait. */
	for (int lane = 0; !status && lane < LANES; lane++) {
		for (int parked = 1; !status && parked >= 0; parked--) {
			int64_t most = pacing_allow(pacer, s->monotonic);
			if (most > 0)
				status = deal_with_due(s, queue_of(channel, lane, parked), most,
						       deal, &count);
		}
	}
	for (int lane = 0; !status && pacer->confirmed && lane < LANES; lane++)
		status = deal_with_due(s, queue_of(channel, lane, false), TURN_DELIVERIES,
				       pass_over, &count);
	return status;
}

enum store_status handover_due(struct scheduler *s)
{
	enum store_status status = STORE_OK;

	for (int c = CHANNEL_NONE + 1; !status && c < CHANNEL_END; c++)
		status = channel_due(s, (enum channel)c);
	return status;
}

/* when */

enum store_status handover_next(struct scheduler *s, int64_t *at)
{
	int64_t due;
	enum store_status status = delivery_next_due(s->store, QUEUE_TIME_ONLY, &due);

	*at = due == INT64_MAX ? INT64_MAX : s->monotonic + due - s->now;
	for (int c = CHANNEL_NONE + 1; s->belt_state == BELT_RUNNING && c < CHANNEL_END; c++) {
		int64_t paced = pacing_next(&s->pacers[c], s->monotonic);
		for (int lane = 0; !status && lane < LANES; lane++) {
			for (int parked = 0; !status && parked <= 1; parked++) {
				status = delivery_next_due(
					s->store, queue_of((enum channel)c, lane, parked), &due);
				/* Passing over a channel that is down waits for nothing. */
				bool passed_over = s->pacers[c].confirmed && !parked;
				int64_t allowed = passed_over ? s->monotonic : paced;
				if (due == INT64_MAX || allowed == INT64_MAX)
					continue;
				due = s->monotonic + due - s->now;
				due = due > allowed ? due : allowed;
				*at = *at < due ? *at : due;
			}
		}
	}
	return status;
}

enum store_status handover_begin(struct scheduler *s)
{
	enum store_status status = STORE_OK;

	for (int c = CHANNEL_NONE + 1; !status && c < CHANNEL_END; c++) {
		s->pacers[c].heard_at = s->monotonic;
		s->pacers[c].probing = false; /* what was taken back may have been the probe */
		status = attempt_open_count(s->store, (enum channel)c, &s->pacers[c].out);
		if (!status && !s->pacers[c].down)
			status = channel_down_set(s->store, (enum channel)c, 0, "");
	}
	if (!status)
		status = attempt_placed_count(s->store, &s->pacers[CHANNEL_VOICE].placed);
	s->counted = status == STORE_OK;
	return status;
}
