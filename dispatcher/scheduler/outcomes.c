#include "dispatcher/scheduler/outcomes.h"

#include "common/base/log.h"
#include "common/store/call.h"
#include "common/store/device.h"
#include "common/store/ending.h"
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
static enum store_status refine(struct scheduler *s, struct ending *e)
{
	const struct attempt_state *a = &e->attempt;
	const struct delivery *d = &e->delivery;
	bool replied = false, machine = false;

	if (e->outcome != OUTCOME_ANSWERED_NO_INPUT)
		return STORE_OK;
	enum store_status status = reply_given(s->store, d->broadcast, d->person, WAY_VOICE,
					       a->created_at, INT64_MAX, &replied);
	if (!status && !replied)
		status = call_machine_heard(s->store, a->call ? a->call : a->id, &machine);
	if (replied)
		e->outcome = OUTCOME_REPLIED;
	else if (machine)
		e->outcome = OUTCOME_MACHINE;
	return status;
}

/* Ends an open attempt and lets the chain go on; it is stored with the others of its set. */
static enum store_status end_one(struct scheduler *s, struct ending *e, const struct result *r)
{
	struct delivery *d = &e->delivery;
	bool again = false;
	struct run *run;

	e->outcome = r->outcome;
	e->detail = r->detail ? r->detail : "";
	e->finished_at = r->finished;
	enum store_status status = refine(s, e);
	if (!status)
		status = forget_devices(s, d, r->gone);
	if (!status)
		status = runs_get(&s->runs, s->store, d->broadcast, &run);
	if (status)
		return status;
	runs_count_attempt(&s->runs, run, e->attempt.channel, e->outcome);
	run->attempts_ended++;
	if (d->state != DELIVERY_IN_FLIGHT || d->attempt != e->attempt.id)
		return STORE_OK; /* answered or called off meanwhile */
	if (e->outcome == OUTCOME_NOT_TRIED)
		run->introduced = false; /* its content may be what was missing */
	status = families_go_on(s, run, d, &again);
	if (status || again)
		return status;
	chain_event(s, run, d, escalation_event(e->outcome));
	e->moved = true;
	return STORE_OK;
}

/* Those who ride on a call end with it, each with a look at their own answer. */
static enum store_status end_riders(struct scheduler *s, const struct result *r)
{
	enum { RIDERS = 16 };
	int64_t list[RIDERS];
	size_t count;
	struct endings set = {0};
	enum store_status status = attempt_riders(s->store, r->attempt, list, RIDERS, &count);

	for (size_t i = 0; !status && i < count; i++)
		endings_add(&set, list[i]);
	if (!status)
		status = endings_load(s->store, &set);
	for (size_t i = 0; !status && i < set.count; i++)
		if (set.list[i].attempt.open)
			status = end_one(s, &set.list[i], r);
	if (!status)
		status = endings_store(s->store, &set);
	endings_free(&set);
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
static enum store_status take(struct scheduler *s, struct ending *e, const struct result *r,
			      bool heard)
{
	const struct attempt_state *a = &e->attempt;
	enum store_status status = STORE_OK;

	if (!a->open) {
		log_debug("result.again", "attempt=%" PRId64 " outcome=%s", r->attempt,
			  outcome_name(r->outcome));
		return STORE_OK;
	}
	if (heard)
		status = hear(s, a->channel, r);
	if (status)
		return status;
	if (a->placed && was_not_tried(r->outcome)) {
		log_warning("attempt.placed_after_all", "attempt=%" PRId64, a->id);
		return STORE_OK;
	}
	if (r->outcome == OUTCOME_PLACED)
		return note_placed(s, a, r->reference ? r->reference : "");
	pacing_returned(&s->pacers[a->channel], a->placed);
	status = end_one(s, e, r);
	if (!status && a->channel == CHANNEL_VOICE)
		status = end_riders(s, r);
	return status;
}

static enum store_status take_alone(struct scheduler *s, const struct result *r, bool heard)
{
	struct endings set = {0};

	endings_add(&set, r->attempt);
	enum store_status status = endings_load(s->store, &set);
	if (!status)
		status = take(s, &set.list[0], r, heard);
	if (!status)
		status = endings_store(s->store, &set);
	endings_free(&set);
	return status;
}

/*
 * What was read of the set stays true while its outcomes are taken in, one by one: a delivery is moved
 * by none but the attempt it is in flight with. Calls are read anew, as one may end or place another.
 */
static enum store_status take_set(struct scheduler *s, const struct result *results, size_t count,
				  struct endings *set)
{
	endings_clear(set);
	for (size_t i = 0; i < count; i++)
		endings_add(set, results[i].attempt);
	enum store_status status = endings_load(s->store, set);
	for (size_t i = 0; !status && i < count; i++) {
		struct ending *e = &set->list[i];
		if (e->attempt.channel == CHANNEL_VOICE)
			status = take_alone(s, &results[i], true);
		else
			status = take(s, e, &results[i], true);
	}
	return status ? status : endings_store(s->store, set);
}

enum store_status outcomes_placed(struct scheduler *s, const struct attempt_state *attempt,
				  const char *reference)
{
	return note_placed(s, attempt, reference);
}

enum store_status outcomes_take(struct scheduler *s, const struct results *results)
{
	enum { TOGETHER = 500 }; /* few enough to stay in the processor's caches */
	struct endings set = {0};
	enum store_status status = STORE_OK;

	for (size_t done = 0, n; !status && done < results->count; done += n) {
		n = results->count - done < TOGETHER ? results->count - done : TOGETHER;
		status = take_set(s, results->list + done, n, &set);
	}
	endings_free(&set);
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

	return take_alone(s, &r, false);
}
