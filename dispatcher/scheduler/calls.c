#include "dispatcher/scheduler/calls.h"

#include "common/base/log.h"
#include "common/store/call.h"
#include "dispatcher/scheduler/outcomes.h"

#include <inttypes.h>
#include <string.h>

enum { EVENTS = 500, OVERDUE = 100 };

static enum store_status take_event(struct scheduler *s, const struct call_event *e)
{
	enum outcome outcome = call_outcome(e->status, e->answered_by);
	struct attempt_state a;
	enum store_status status = attempt_find(s->store, e->attempt, &a);
	bool another = !status && a.placed && strcmp(a.reference, e->sid) != 0;

	if (status == STORE_NONE || (!status && (!a.open || another))) {
		log_debug("call.event_passed", "attempt=%" PRId64 " status=%s other_call=%d",
			  e->attempt, call_status_name(e->status), another);
		return STORE_OK;
	}
	if (status)
		return status;
	log_info("call.event", "attempt=%" PRId64 " status=%s answered_by=%s", e->attempt,
		 call_status_name(e->status), log_quote(e->answered_by));
	if (outcome != OUTCOME_NONE)
		return outcomes_end(s, e->attempt, outcome, call_status_name(e->status));
	/* The worker may have died before it could say so. */
	return a.placed ? STORE_OK : outcomes_placed(s, &a, e->sid);
}

enum store_status calls_take(struct scheduler *s)
{
	static struct call_event list[EVENTS];
	size_t count;
	enum store_status status = facts_call_events(s->store, list, EVENTS, &count);

	for (size_t i = 0; !status && i < count; i++)
		status = take_event(s, &list[i]);
	if (!status && count > 0)
		status = facts_seen(s->store, "call", list[count - 1].id);
	s->more |= count == EVENTS;
	return status;
}

static enum store_status see_to(struct scheduler *s, const struct overdue *o)
{
	if (o->looked) {
		log_warning("call.no_word", "attempt=%" PRId64, o->attempt);
		return outcomes_end(s, o->attempt, OUTCOME_NO_ANSWER, "no word of its end");
	}
	log_info("call.overdue", "attempt=%" PRId64, o->attempt);
	effects_look(&s->effects, o->attempt, o->reference);
	return attempt_ask(s->store, o->attempt, s->now + s->settings->voice_grace);
}

enum store_status calls_look_after(struct scheduler *s)
{
	struct overdue list[OVERDUE];
	size_t count;
	enum store_status status = attempt_overdue(s->store, s->now, list, OVERDUE, &count);

	for (size_t i = 0; !status && i < count; i++)
		status = see_to(s, &list[i]);
	s->more |= count == OVERDUE;
	return status;
}

enum store_status calls_next(struct scheduler *s, int64_t *at)
{
	int64_t due;
	enum store_status status = attempt_next_overdue(s->store, &due);

	*at = due == INT64_MAX ? INT64_MAX : s->monotonic + due - s->now;
	return status;
}
