#include "dispatcher/scheduler/intake.h"

#include "common/base/log.h"
#include "common/store/family.h"
#include "dispatcher/scheduler/chains.h"
#include "dispatcher/scheduler/families.h"
#include "dispatcher/scheduler/sweep.h"

#include <inttypes.h>

enum store_status intake_requests(struct scheduler *s)
{
	enum store_status status = runs_load_open(&s->runs, s->store);

	for (size_t i = 0; !status && i < s->runs.count; i++) {
		struct run *run = s->runs.list[i];
		if (run->b->state != BROADCAST_REQUESTED)
			continue;
		log_info("broadcast.started", "broadcast=%" PRId64 " kind=%s targeted=%" PRId64,
			 run->b->id, kind_name(run->b->kind), run->b->targeted);
		run_move(run, BROADCAST_RUNNING, s->now);
	}
	return status;
}

/* Asked for something that does not fit the state: nothing happens, and the log says so. */
static void act(struct scheduler *s, struct run *run, enum control_verb verb)
{
	enum broadcast_state state = run->b->state;

	if (verb == CONTROL_CANCEL && broadcast_may_move(state, BROADCAST_CANCELLED)) {
		run_move(run, BROADCAST_CANCELLED, s->now);
		sweep_begin(run, SWEEP_CANCEL);
	} else if (verb == CONTROL_PAUSE && broadcast_may_move(state, BROADCAST_PAUSED)) {
		run_move(run, BROADCAST_PAUSED, s->now);
	} else if (verb == CONTROL_RESUME && state == BROADCAST_PAUSED) {
		run_move(run, BROADCAST_RUNNING, s->now);
		sweep_begin(run, SWEEP_UNSHELVE);
	} else if (verb == CONTROL_REMIND && state == BROADCAST_RUNNING) {
		sweep_begin(run, SWEEP_REMIND);
	} else if (verb == CONTROL_REMIND && state == BROADCAST_FINISHED) {
		run_move(run, BROADCAST_RUNNING, s->now);
		sweep_begin(run, SWEEP_REMIND);
	} else {
		log_warning("control.ignored", "broadcast=%" PRId64 " verb=%s state=%s", run->b->id,
			    control_verb_name(verb), broadcast_state_name(state));
		return;
	}
	run->introduced = false; /* the belt is told of the new state */
}

enum store_status intake_controls(struct scheduler *s)
{
	struct control_fact list[TURN_CONTROLS];
	size_t count;
	enum store_status status = facts_controls(s->store, list, TURN_CONTROLS, &count);

	for (size_t i = 0; !status && i < count; i++) {
		struct run *run;
		status = runs_get(&s->runs, s->store, list[i].broadcast, &run);
		if (status)
			return status;
		act(s, run, list[i].verb);
	}
	if (!status && count > 0)
		status = facts_seen(s->store, "control", list[count - 1].id);
	s->more |= count == TURN_CONTROLS;
	return status;
}

/*
 * A reply that comes before the fan-out has reached the person is left to the fan-out, which
 * looks for it; one of somebody who was never asked has no delivery and changes nothing.
 */
static enum store_status take_reply(struct scheduler *s, const struct reply_fact *reply,
				    bool families)
{
	struct delivery d;
	struct run *run;
	enum store_status status =
		delivery_of_person(s->store, reply->broadcast, reply->person, &d);

	if (status)
		return status == STORE_NONE ? STORE_OK : status;
	status = runs_get(&s->runs, s->store, reply->broadcast, &run);
	if (status)
		return status;
	const struct log_id ids[] = {
		{"broadcast", NULL, reply->broadcast},
		{"person", NULL, reply->person},
		{"reply", NULL, reply->id},
		{"choice", log_quote(reply->choice), 0},
		{"ms", NULL, s->now - reply->at},
	};
	log_ids("reply.taken", ids, LENGTH(ids));
	bool first = d.state != DELIVERY_ANSWERED;
	status = chain_answered(s, run, &d, reply);
	if (!status && first)
		effects_stop_began(&s->effects, reply->at);
	return status || !families ? status : families_tell(s, run, reply->person);
}

enum store_status intake_replies(struct scheduler *s)
{
	static struct reply_fact list[TURN_REPLIES];
	size_t count;
	bool families = false;
	enum store_status status = facts_replies(s->store, list, TURN_REPLIES, &count);

	if (!status && count > 0)
		status = family_any(s->store, &families);
	for (size_t i = 0; !status && i < count; i++)
		status = take_reply(s, &list[i], families);
	if (!status && count > 0)
		status = facts_seen(s->store, "reply", list[count - 1].id);
	s->replies_left = count == TURN_REPLIES;
	s->more |= s->replies_left;
	return status;
}
