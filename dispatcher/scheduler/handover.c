#include "dispatcher/scheduler/handover.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/call.h"
#include "dispatcher/scheduler/chains.h"
#include "dispatcher/scheduler/departures.h"
#include "dispatcher/scheduler/lanes.h"

#include <inttypes.h>
#include <string.h>

enum {
	CALL_RIDERS_MOST = 7, /* eight people on one call take long enough */
	LINE_WAIT_MS = 2000,
};

/* due ones of a queue, a stretch at a time */

typedef enum store_status (*deal_fn)(struct scheduler *s, struct run *run, struct delivery *d);

static enum store_status find_due(struct scheduler *s, int queue, int64_t most,
				  struct delivery list[TURN_DELIVERIES], size_t *count)
{
	size_t room = most < TURN_DELIVERIES ? (size_t)most : TURN_DELIVERIES;

	return delivery_due(s->store, queue, s->now, list, room, count);
}

/* Deals with up to `most` of them, one by one; *count says how many there were. */
static enum store_status deal_with_due(struct scheduler *s, int queue, int64_t most, deal_fn deal,
				       size_t *count)
{
	static struct delivery list[TURN_DELIVERIES];
	enum store_status status = find_due(s, queue, most, list, count);

	for (size_t i = 0; !status && i < *count; i++) {
		struct run *run;
		status = runs_get(&s->runs, s->store, list[i].broadcast, &run);
		if (!status)
			status = deal(s, run, &list[i]);
	}
	return status;
}

static enum store_status time_has_come(struct scheduler *s, struct run *run, struct delivery *d)
{
	return chain_apply(s, run, d, EVENT_DUE);
}

enum store_status handover_time(struct scheduler *s)
{
	size_t count;
	enum store_status status =
		deal_with_due(s, QUEUE_TIME_ONLY, TURN_DELIVERIES, time_has_come, &count);

	s->more |= count == TURN_DELIVERIES;
	return status;
}

/* mails and notifications, many at once */

/* Ends those whose contact is gone, and leaves the others. */
static enum store_status sort_out(struct scheduler *s, struct departure *list, size_t *count)
{
	enum store_status status = STORE_OK;
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		if (status || list[i].attempt.address) {
			list[kept++] = list[i];
			continue;
		}
		status = departure_fails(s, &list[i]);
		departures_free(&list[i], 1);
	}
	*count = kept;
	return status;
}

static enum store_status hand_over(struct scheduler *s, int queue, int64_t most, size_t *count)
{
	static struct delivery due[TURN_DELIVERIES];
	static struct departure list[TURN_DELIVERIES];
	size_t departing = 0;
	enum store_status status = find_due(s, queue, most, due, count);

	for (size_t i = 0; !status && i < *count; i++) {
		struct run *run;
		status = runs_get(&s->runs, s->store, due[i].broadcast, &run);
		if (!status && run_is_live(run))
			departure_of(s, run, &due[i], &list[departing++]);
		else if (!status)
			status = chain_shelve(s, &due[i], true);
	}
	if (!status)
		status = departures_address(s, list, departing);
	if (!status)
		status = sort_out(s, list, &departing);
	if (!status)
		status = departures_go(s, list, departing, false);
	departures_free(list, departing);
	return status;
}

/* calls, one by one */

/* Somebody whose turn it is on the telephone that is being called, if it is that very one. */
static enum store_status board(struct scheduler *s, struct run *run, struct delivery *d,
			       const struct attempt *call)
{
	struct departure rider;

	departure_of(s, run, d, &rider);
	enum store_status status = departures_address(s, &rider, 1);
	if (!status && rider.attempt.channel == CHANNEL_VOICE && rider.attempt.address &&
	    strcmp(rider.attempt.address, call->address) == 0)
		status = departure_rides(s, &rider, call->id);
	departures_free(&rider, 1);
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

static enum store_status place(struct scheduler *s, struct run *run, struct departure *caller)
{
	enum store_status status = departures_go(s, caller, 1, false);

	return status ? status : board_others(s, run, &caller->delivery, &caller->attempt);
}

static enum store_status ring(struct scheduler *s, struct run *run, struct departure *caller)
{
	bool taken = false;
	enum store_status status = departures_address(s, caller, 1);

	if (status)
		return status;
	if (!caller->attempt.address)
		return departure_fails(s, caller);
	status = call_number_taken(s->store, caller->attempt.address, &taken);
	if (status)
		return status;
	/* A line that is in use would be busy: this one waits until it is free. */
	return taken ? chain_postpone(s, &caller->delivery, s->now + LINE_WAIT_MS)
		     : place(s, run, caller);
}

static enum store_status hand_over_call(struct scheduler *s, struct run *run, struct delivery *d)
{
	struct departure caller;
	/* By now it may be riding on a call that came before it in the list. */
	enum store_status status = delivery_load(s->store, d->id, d);

	if (status || d->state != DELIVERY_WAITING)
		return status;
	if (!run_is_live(run))
		return chain_shelve(s, d, true);
	departure_of(s, run, d, &caller);
	status = ring(s, run, &caller);
	departures_free(&caller, 1);
	return status;
}

static enum store_status hand_over_calls(struct scheduler *s, int queue, int64_t most,
					 size_t *count)
{
	return deal_with_due(s, queue, most, hand_over_call, count);
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

/* As much of a queue as pacing and the time of a turn allow; *left: time was too short for all. */
static enum store_status queue_due(struct scheduler *s, enum channel channel, int queue,
				   int64_t end, bool *left)
{
	size_t count = TURN_DELIVERIES;
	enum store_status status = STORE_OK;

	while (!status && !*left && count == TURN_DELIVERIES) {
		int64_t most = pacing_allow(&s->pacers[channel], s->monotonic);
		if (most <= 0)
			break;
		status = channel == CHANNEL_VOICE ? hand_over_calls(s, queue, most, &count)
						  : hand_over(s, queue, most, &count);
		*left = count == TURN_DELIVERIES && clock_monotonic() >= end;
	}
	return status;
}

static enum store_status channel_due(struct scheduler *s, enum channel channel, int64_t end)
{
	enum store_status status = STORE_OK;
	bool left = false;
	size_t count;

	/* Urgent first; within a lane those that an outage made wait. */
	for (int lane = 0; !status && !left && lane < LANES; lane++)
		for (int parked = 1; !status && !left && parked >= 0; parked--)
			status = queue_due(s, channel, queue_of(channel, lane, parked), end, &left);
	s->more |= left;
	for (int lane = 0; !status && s->pacers[channel].confirmed && lane < LANES; lane++) {
		status = deal_with_due(s, queue_of(channel, lane, false), TURN_DELIVERIES,
				       pass_over, &count);
		s->more |= count == TURN_DELIVERIES;
	}
	return status;
}

enum store_status handover_due(struct scheduler *s)
{
	int64_t end = clock_monotonic() + TURN_MS / 2;
	enum store_status status = STORE_OK;

	for (int c = CHANNEL_NONE + 1; !status && c < CHANNEL_END; c++)
		status = channel_due(s, (enum channel)c, end);
	return status;
}

/* Whether somebody is due who comes before a fresh delivery of this lane. */
static enum store_status somebody_is_due(struct scheduler *s, enum channel channel, int lane,
					 bool *due)
{
	enum store_status status = STORE_OK;
	int64_t at = INT64_MAX;

	for (int before = 0; !status && at > s->now && before <= lane; before++)
		for (int parked = 0; !status && at > s->now && parked <= 1; parked++)
			status =
				delivery_next_due(s->store, queue_of(channel, before, parked), &at);
	*due = at <= s->now;
	return status;
}

enum store_status handover_room(struct scheduler *s, const struct run *run, enum channel channel,
				int64_t *room)
{
	struct pacer *pacer = &s->pacers[channel];
	bool due = true;
	enum store_status status = STORE_OK;

	*room = 0;
	/* Calls look first whether the line is free, and who shares it. */
	if (channel != CHANNEL_VOICE && s->belt_state == BELT_RUNNING && !s->replies_left &&
	    run_is_live(run) && !pacer->down)
		status = somebody_is_due(s, channel, run->b->lane, &due);
	if (!status && !due)
		*room = pacing_allow(pacer, s->monotonic);
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
