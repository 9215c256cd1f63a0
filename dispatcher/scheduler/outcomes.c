#include "dispatcher/scheduler/outcomes.h"

#include "common/base/log.h"
#include "common/store/call.h"
#include "common/store/device.h"
#include "common/store/reply.h"
#include "dispatcher/scheduler/chains.h"
#include "dispatcher/scheduler/families.h"

#include <inttypes.h>
#include <stdlib.h>

/* What a worker's word says of the channel as a whole. */
static enum store_status hear(struct scheduler *s, enum channel channel, const struct result *r)
{
	struct pacer *pacer = &s->pacers[channel];
	bool was_down = pacer->down;

	if (r->outcome == OUTCOME_OUTAGE)
		pacing_outage(pacer, s->monotonic);
	else if (r->outcome != OUTCOME_NOT_TRIED)
		pacing_works(pacer, s->monotonic);
	if (pacer->down == was_down)
		return STORE_OK;
	parked_see(s);
	log_warning(pacer->down ? "channel.down" : "channel.up", "channel=%s",
		    channel_name(channel));
	return channel_down_set(s->store, channel, pacer->down ? s->now : 0, r->detail);
}

/* The push service says that they are no more. Ids that are not this person's do nothing. */
static enum store_status forget_devices(struct scheduler *s, const struct delivery *d,
					const char *ids)
{
	enum store_status status = STORE_OK;

	while (!status && ids && *ids) {
		char *end;
		int64_t id = strtoll(ids, &end, 10);
		if (end == ids)
			break;
		ids = end;
		status = device_remove(s->store, d->person, id);
		if (!status) {
			log_info("device.gone", "person=%" PRId64 " device=%" PRId64, d->person,
				 id);
			status = device_record(s->store, "scheduler", "device.gone", d->person, id);
		}
		if (status == STORE_NONE)
			status = STORE_OK;
	}
	return status;
}

/* Whether a call that was answered was answered by the person is on record with us. */
static enum store_status refine(struct scheduler *s, const struct attempt_state *a,
				const struct delivery *d, enum outcome *outcome)
{
	bool replied = false, machine = false;

	if (*outcome != OUTCOME_ANSWERED_NO_INPUT)
		return STORE_OK;
	enum store_status status = reply_given(s->store, d->broadcast, d->person, WAY_VOICE,
					       a->created_at, INT64_MAX, &replied);
	if (!status && !replied)
		status = call_machine_heard(s->store, a->call ? a->call : a->id, &machine);
	if (replied)
		*outcome = OUTCOME_REPLIED;
	else if (machine)
		*outcome = OUTCOME_MACHINE;
	return status;
}

/* Closes an open attempt and lets the chain go on. */
static enum store_status close_attempt(struct scheduler *s, const struct attempt_state *a,
				       const struct result *r)
{
	enum outcome outcome = r->outcome;
	bool again = false;
	struct delivery d;
	struct run *run;
	enum store_status status = delivery_load(s->store, a->delivery, &d);

	if (!status)
		status = refine(s, a, &d, &outcome);
	if (!status)
		status = attempt_close(s->store, a->id, outcome, r->detail, r->finished);
	if (!status)
		status = forget_devices(s, &d, r->gone);
	if (!status)
		status = runs_get(&s->runs, s->store, d.broadcast, &run);
	if (status)
		return status;

	runs_count_attempt(&s->runs, run, a->channel, outcome);
	run->attempts_ended++;
	if (d.state != DELIVERY_IN_FLIGHT || d.attempt != a->id)
		return STORE_OK; /* answered or called off meanwhile */
	if (outcome == OUTCOME_NOT_TRIED)
		run->introduced = false; /* its content may be what was missing */
	status = families_go_on(s, run, &d, &again);
	if (status || again)
		return status;
	return chain_apply(s, run, &d, escalation_event(outcome));
}

/* Those who ride on a call end with it, each with a look at their own answer. */
static enum store_status close_riders(struct scheduler *s, const struct result *r)
{
	enum { RIDERS = 16 };
	int64_t list[RIDERS];
	size_t count;
	struct attempt_state rider;
	enum store_status status = attempt_riders(s->store, r->attempt, list, RIDERS, &count);

	for (size_t i = 0; !status && i < count; i++) {
		status = attempt_find(s->store, list[i], &rider);
		if (!status)
			status = close_attempt(s, &rider, r);
	}
	return status;
}

/* The call is under way now; once known, only the provider's word on a look changes that. */
static enum store_status note_placed(struct scheduler *s, const struct attempt_state *a,
				     const char *reference)
{
	const struct settings *c = s->settings;
	int64_t expected_by =
		s->now + c->voice_ring_timeout + c->voice_longest_talk + c->voice_grace;

	if (a->placed && !a->looked)
		return STORE_OK;
	log_info("attempt.placed", "attempt=%" PRId64 " call=%s", a->id, log_quote(reference));
	if (!a->placed)
		pacing_placed(&s->pacers[a->channel]);
	return attempt_place(s->store, a->id, reference, expected_by);
}

/* What a worker says that did not get through to the provider; whose own word counts more. */
static bool was_not_tried(enum outcome outcome)
{
	return outcome == OUTCOME_OUTAGE || outcome == OUTCOME_NOT_TRIED;
}

/* `heard`: the other side said it; it tells of the channel too. */
static enum store_status end_attempt(struct scheduler *s, const struct result *r, bool heard)
{
	struct attempt_state a;
	enum store_status status = attempt_find(s->store, r->attempt, &a);

	if (status == STORE_NONE || (!status && !a.open)) {
		log_debug("result.again", "attempt=%" PRId64 " outcome=%s", r->attempt,
			  outcome_name(r->outcome));
		return STORE_OK;
	}
	if (!status && heard)
		status = hear(s, a.channel, r);
	if (status)
		return status;
	if (a.placed && was_not_tried(r->outcome)) {
		log_warning("attempt.placed_after_all", "attempt=%" PRId64, a.id);
		return STORE_OK;
	}
	if (r->outcome == OUTCOME_PLACED)
		return note_placed(s, &a, r->reference ? r->reference : "");
	pacing_returned(&s->pacers[a.channel], a.placed);
	status = close_attempt(s, &a, r);
	if (!status && a.channel == CHANNEL_VOICE)
		status = close_riders(s, r);
	return status;
}

enum store_status outcomes_placed(struct scheduler *s, const struct attempt_state *attempt,
				  const char *reference)
{
	return note_placed(s, attempt, reference);
}

enum store_status outcomes_take(struct scheduler *s, const struct results *results)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < results->count; i++)
		status = end_attempt(s, &results->list[i], true);
	return status;
}

enum store_status outcomes_end(struct scheduler *s, int64_t attempt, enum outcome outcome,
			       const char *detail)
{
	const struct result r = {
		.attempt = attempt,
		.outcome = outcome,
		.finished = s->now,
		.detail = (char *)(uintptr_t)detail,
	};

	return end_attempt(s, &r, false);
}
