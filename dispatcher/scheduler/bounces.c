#include "dispatcher/scheduler/bounces.h"

#include "common/base/log.h"
#include "common/store/bounce.h"
#include "dispatcher/scheduler/chains.h"
#include "dispatcher/scheduler/outcomes.h"

#include <inttypes.h>
#include <stdio.h>

enum { BOUNCES = 500, SAID = BOUNCE_DETAIL + BOUNCE_STATUS + 32 };

/* The attempt counts under its new outcome; when it ended stays. */
static enum store_status change_outcome(struct scheduler *s, struct run *run,
					const struct bounced *b, enum outcome outcome,
					const char *said)
{
	run->outcomes[b->channel][b->outcome]--;
	run->outcomes[b->channel][outcome]++;
	return attempt_came_back(s->store, b->attempt, outcome, said);
}

/* Of an attempt that had ended as delivered, or as nobody knows how. */
static enum store_status come_back(struct scheduler *s, const struct bounced *b,
				   enum outcome outcome, const char *said)
{
	struct delivery d;
	struct run *run;
	bool alone = false;
	enum store_status status = runs_get(&s->runs, s->store, b->broadcast, &run);

	if (!status)
		status = change_outcome(s, run, b, outcome, said);
	if (status || outcome != OUTCOME_REFUSED)
		return status;
	status = bounced_is_alone(s->store, b->attempt, &alone);
	if (!status)
		status = delivery_load(s->store, b->delivery, &d);
	if (!status)
		status = chain_came_back(s, run, &d, b->dial_order, b->address_position, alone);
	return status;
}

static enum store_status take_bounce(struct scheduler *s, const struct bounce *bounce)
{
	enum outcome outcome = bounce->kind == BOUNCE_FAILED ? OUTCOME_REFUSED : OUTCOME_TEMPORARY;
	char said[SAID];
	struct bounced b;
	enum store_status status = bounced_load(s->store, bounce->attempt, &b);

	if (status)
		return status == STORE_NONE ? STORE_OK : status;
	log_info("bounce.taken",
		 "attempt=%" PRId64 " broadcast=%" PRId64 " person=%" PRId64
		 " kind=%d status=%s was=%s",
		 b.attempt, b.broadcast, b.person, bounce->kind, log_quote(bounce->status),
		 outcome_name(b.outcome));
	if (b.channel != CHANNEL_MAIL || bounce->kind == BOUNCE_DELAYED)
		return STORE_OK;
	snprintf(said, sizeof said, "came back: %s %s", bounce->status, bounce->detail);
	if (b.outcome == OUTCOME_NONE)
		status = outcomes_end(s, b.attempt, outcome, said);
	else if (b.outcome == OUTCOME_DELIVERED || b.outcome == OUTCOME_UNKNOWN)
		status = come_back(s, &b, outcome, said);
	else
		return STORE_OK;
	if (!status && bounce->kind == BOUNCE_FAILED)
		status = bad_address_mark(s->store, bounce);
	return status;
}

enum store_status bounces_take(struct scheduler *s)
{
	static struct bounce list[BOUNCES];
	size_t count;
	enum store_status status = facts_bounces(s->store, list, BOUNCES, &count);

	for (size_t i = 0; !status && i < count; i++)
		status = take_bounce(s, &list[i]);
	if (!status && count > 0)
		status = facts_seen(s->store, "bounce", list[count - 1].id);
	s->more |= count == BOUNCES;
	return status;
}
