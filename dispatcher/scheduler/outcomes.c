#include "dispatcher/scheduler/outcomes.h"

#include "common/base/log.h"
#include "common/store/device.h"
#include "dispatcher/scheduler/chains.h"

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
		if (!status)
			log_info("device.gone", "person=%" PRId64 " device=%" PRId64, d->person,
				 id);
		if (status == STORE_NONE)
			status = STORE_OK;
	}
	return status;
}

/* `heard`: a worker said it; it tells of the channel too. */
static enum store_status end_attempt(struct scheduler *s, const struct result *r, bool heard)
{
	int64_t id;
	enum channel channel;
	bool open;
	struct delivery d;
	struct run *run;
	enum store_status status = attempt_find(s->store, r->attempt, &id, &channel, &open);

	if (status == STORE_NONE || (!status && !open)) {
		log_debug("result.again", "attempt=%" PRId64 " outcome=%s", r->attempt,
			  outcome_name(r->outcome));
		return STORE_OK;
	}
	if (!status)
		status = attempt_close(s->store, r->attempt, r->outcome, r->detail, r->finished);
	if (!status)
		status = delivery_load(s->store, id, &d);
	if (!status)
		status = forget_devices(s, &d, r->gone);
	if (!status)
		status = runs_get(&s->runs, s->store, d.broadcast, &run);
	if (status)
		return status;

	pacing_returned(&s->pacers[channel]);
	if (heard && (status = hear(s, channel, r)))
		return status;
	run->outcomes[channel][r->outcome]++;
	run->attempts_ended++;
	if (r->outcome == OUTCOME_NOT_TRIED)
		run->introduced = false; /* its content may be what was missing */
	if (d.state != DELIVERY_IN_FLIGHT || d.attempt != r->attempt)
		return STORE_OK; /* answered or called off meanwhile */
	return chain_apply(s, run, &d, escalation_event(r->outcome));
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
