#include "dispatcher/scheduler/escalation.h"

#include <assert.h>

/* Bits of chain.marks: one a step and address in two fields, and one flag. */
enum { MARK_REFUSED = 0, MARK_SOFT = PLAN_STEPS * PLAN_ADDRESSES };
#define MARK_WENT_OUT (INT64_C(1) << (2 * PLAN_STEPS * PLAN_ADDRESSES))

/* chain.owed: eight bits a step: a flag, the pass and the address to go on with. */
enum { OWED_BITS = 8, OWED_FLAG = 0x80, OWED_ADDRESS = 2 };

struct situation {
	const struct plan *plan;
	const struct policy *policy;
	unsigned down;
	struct chain *chain;
	int64_t now;
};

static const struct plan_step *current(const struct situation *s)
{
	return &s->plan->step[s->chain->step];
}

static int64_t mark(int field, int step, int address)
{
	return INT64_C(1) << (field + step * PLAN_ADDRESSES + address);
}

static bool marked(const struct chain *c, int field)
{
	return c->marks & mark(field, c->step, c->address);
}

static int passes_of(const struct situation *s, int step)
{
	return s->policy->retries[s->plan->step[step].channel] + 1;
}

static bool is_last_round(const struct situation *s)
{
	return s->chain->round + 1 >= s->policy->rounds;
}

/* owed steps */

static void owe_rest_of_step(struct chain *c)
{
	int64_t point = OWED_FLAG | c->pass << OWED_ADDRESS | c->address;
	int shift = c->step * OWED_BITS;
	c->owed = (c->owed & ~(INT64_C(0xff) << shift)) | point << shift;
}

static void settle_step(struct chain *c)
{
	c->owed &= ~(INT64_C(0xff) << (c->step * OWED_BITS));
}

static int owed_point(const struct chain *c, int step)
{
	int point = (int)(c->owed >> (step * OWED_BITS) & 0xff);

	return point & OWED_FLAG ? point : 0;
}

/* The first owed step from `step` on whose channel is not in the set; -1: none. */
static int find_owed(const struct situation *s, int step, unsigned but)
{
	for (; step < s->plan->steps; step++)
		if (owed_point(s->chain, step) && !(but & 1u << s->plan->step[step].channel))
			return step;
	return -1;
}

static void resume_owed(struct chain *c, int step)
{
	int point = owed_point(c, step);

	c->step = step;
	c->pass = point >> OWED_ADDRESS & 0x1f;
	c->address = point & 3;
}

/*
 * Moves to the next owed step behind the present one; in the last round, where each is waited for,
 * to the first that need not wait.
 */
static bool go_to_owed(const struct situation *s, int behind)
{
	int step = is_last_round(s) ? find_owed(s, 0, s->down) : find_owed(s, behind + 1, 0);

	if (step < 0 && is_last_round(s))
		step = find_owed(s, 0, 0);
	if (step >= 0)
		resume_owed(s->chain, step);
	return step >= 0;
}

static bool any_soft(const struct chain *c)
{
	return c->marks & (MARK_WENT_OUT - 1) & ~(mark(MARK_SOFT, 0, 0) - 1);
}

/* actions */

static struct action wait_until(int64_t at)
{
	return (struct action){.kind = ACTION_WAIT, .at = at};
}

static struct action try_at(const struct situation *s, int64_t at)
{
	const struct chain *c = s->chain;
	const struct plan_step *step = current(s);
	bool soft = c->phase == PHASE_SOFT;

	return (struct action){
		.kind = ACTION_TRY,
		.at = at,
		.channel = step->channel,
		.dial_order = step->dial_order,
		.position = step->position,
		.address = c->address + 1,
		.attempt = soft ? passes_of(s, c->step) + c->soft_passes : c->pass + 1,
		.may_park = c->phase != PHASE_DIALING && is_last_round(s),
	};
}

/* moving on */

static void go_to_step(struct chain *c, int step)
{
	c->step = step;
	c->pass = 0;
	c->address = 0;
}

/*
 * A pass is over, or broken off. The next attempt is not due before the interval, unless
 * nothing went out. The mark stands only in the midst of a pass.
 */
static void end_pass(const struct situation *s, int64_t *at)
{
	struct chain *c = s->chain;

	if (c->marks & MARK_WENT_OUT)
		*at = s->now + s->policy->retry_interval;
	c->marks &= ~MARK_WENT_OUT;
}

static bool all_refused(const struct situation *s)
{
	int64_t first = mark(MARK_REFUSED, s->chain->step, 0);
	int64_t all = (first << current(s)->addresses) - first;

	return (s->chain->marks & all) == all;
}

/*
 * Moves from the present position to the next address of the step that is not refused, over to
 * a further pass if one is left. False when the step is through.
 */
static bool go_on_in_step(const struct situation *s, int64_t *at)
{
	struct chain *c = s->chain;

	for (;;) {
		for (; c->address < current(s)->addresses; c->address++)
			if (!marked(c, MARK_REFUSED))
				return true;
		end_pass(s, at);
		c->pass++;
		c->address = 0;
		if (c->pass >= passes_of(s, c->step) || all_refused(s))
			return false;
		*at = s->now + s->policy->retry_interval; /* no address twice without it */
	}
}

/* Moves to the next soft address from the present position on; each step is one pass. */
static bool go_to_soft(const struct situation *s, int64_t *at)
{
	struct chain *c = s->chain;

	while (c->step < s->plan->steps) {
		for (; c->address < current(s)->addresses; c->address++)
			if (marked(c, MARK_SOFT))
				return true;
		end_pass(s, at);
		go_to_step(c, c->step + 1);
	}
	return false;
}

/* phases, in the order they are gone through */

/* The waits begin with the end of the last attempt, without the interval. */
static struct action round_over(const struct situation *s)
{
	struct chain *c = s->chain;

	if (!is_last_round(s)) {
		c->phase = PHASE_RESTING;
		return wait_until(s->now + s->policy->round_interval);
	}
	c->phase = PHASE_FINAL;
	return wait_until(s->now + s->policy->final_wait);
}

static struct action soft_on(const struct situation *s, int64_t at)
{
	struct chain *c = s->chain;

	for (;;) {
		if (go_to_soft(s, &at))
			return try_at(s, at);
		if (!any_soft(c) || c->soft_passes >= s->policy->temporary_retries)
			return round_over(s);
		c->soft_passes++;
		go_to_step(c, 0);
		at = s->now + s->policy->retry_interval;
	}
}

static struct action begin_soft(const struct situation *s)
{
	s->chain->phase = PHASE_SOFT;
	s->chain->soft_passes = 0;
	go_to_step(s->chain, s->plan->steps); /* soft_on begins the first pass */
	return soft_on(s, s->now);
}

static struct action owed_on(const struct situation *s, int64_t at)
{
	struct chain *c = s->chain;

	while (c->step < s->plan->steps) {
		if (go_on_in_step(s, &at))
			return try_at(s, at);
		settle_step(c);
		if (!go_to_owed(s, c->step))
			break;
	}
	return begin_soft(s);
}

static struct action begin_owed(const struct situation *s, int64_t at)
{
	s->chain->phase = PHASE_OWED;
	if (go_to_owed(s, -1))
		return owed_on(s, at);
	return begin_soft(s);
}

static struct action dial_on(const struct situation *s, int64_t at)
{
	struct chain *c = s->chain;

	while (c->step < s->plan->steps) {
		if (go_on_in_step(s, &at))
			return try_at(s, at);
		settle_step(c); /* what an earlier round owed of it is made good */
		go_to_step(c, c->step + 1);
	}
	return begin_owed(s, at);
}

static struct action begin_round(const struct situation *s)
{
	s->chain->phase = PHASE_DIALING;
	go_to_step(s->chain, 0);
	return dial_on(s, s->now);
}

/* events */

/* The event does not fit: nothing has changed. */
static struct action nothing(const struct situation *s)
{
	return (struct action){.kind = ACTION_NONE, .at = s->now};
}

static struct action over(const struct situation *s, enum action_kind kind)
{
	s->chain->phase = PHASE_OVER;
	return (struct action){.kind = kind, .at = s->now};
}

static struct action on_start(const struct situation *s)
{
	*s->chain = (struct chain){0};
	if (s->plan->steps == 0)
		return over(s, ACTION_EXHAUSTED);
	return begin_round(s);
}

static struct action on_due(const struct situation *s)
{
	if (s->chain->phase == PHASE_RESTING) {
		s->chain->round++;
		return begin_round(s);
	}
	if (s->chain->phase == PHASE_FINAL)
		return over(s, ACTION_EXHAUSTED);
	return nothing(s);
}

static bool makes_good_at_last(const struct situation *s)
{
	return s->chain->phase == PHASE_OWED && is_last_round(s);
}

/* The rest of the present step stays owed, and another that is owed has its turn. */
static struct action go_elsewhere(const struct situation *s, int step)
{
	int64_t at = s->now;

	owe_rest_of_step(s->chain);
	end_pass(s, &at);
	resume_owed(s->chain, step);
	return owed_on(s, at);
}

/* What else there is to do for somebody who waits for a channel that is down; -1: nothing. */
static int find_elsewhere(const struct situation *s)
{
	bool waits = makes_good_at_last(s) && s->down & 1u << current(s)->channel;

	return waits ? find_owed(s, 0, s->down) : -1;
}

/*
 * The same after the channel failed them just now. Where nothing else works either they take turns,
 * so that somebody tries each channel and sees it come back.
 */
static int find_after_outage(const struct situation *s)
{
	unsigned here = 1u << current(s)->channel;
	int step = -1;

	if (makes_good_at_last(s))
		step = find_owed(s, 0, s->down | here);
	if (makes_good_at_last(s) && step < 0)
		step = find_owed(s, s->chain->step + 1, here);
	if (makes_good_at_last(s) && step < 0)
		step = find_owed(s, 0, here);
	return step;
}

static struct action on_elsewhere(const struct situation *s)
{
	int step = find_elsewhere(s);

	return step < 0 ? nothing(s) : go_elsewhere(s, step);
}

static struct action on_not_tried(const struct situation *s)
{
	int step = find_elsewhere(s);

	return step < 0 ? try_at(s, s->now) : go_elsewhere(s, step);
}

/*
 * Dialing: the rest of the step is owed, the next step follows. Making good: with more rounds
 * to come the next owed step has its turn. In the last round it is one that can be tried, or this
 * one waits for the channel if it is the only one.
 */
static struct action on_outage(const struct situation *s)
{
	struct chain *c = s->chain;
	int64_t at = s->now;
	int step = find_after_outage(s);

	if (step >= 0)
		return go_elsewhere(s, step);
	if (c->phase != PHASE_DIALING && is_last_round(s))
		return try_at(s, at);
	if (c->phase == PHASE_SOFT) {
		c->address++;
		return soft_on(s, at);
	}
	owe_rest_of_step(c);
	end_pass(s, &at);
	if (c->phase == PHASE_DIALING) {
		go_to_step(c, c->step + 1);
		return dial_on(s, at);
	}
	return go_to_owed(s, c->step) ? owed_on(s, at) : begin_soft(s);
}

static struct action on_attempt_end(const struct situation *s, enum chain_event event)
{
	struct chain *c = s->chain;
	int64_t refused = mark(MARK_REFUSED, c->step, c->address);
	int64_t soft = mark(MARK_SOFT, c->step, c->address);

	if (event == EVENT_TEMPORARY || event == EVENT_UNKNOWN)
		c->marks |= soft;
	else
		c->marks &= ~soft;
	if (event == EVENT_REFUSED)
		c->marks |= refused;
	if (event == EVENT_DELIVERED || event == EVENT_UNKNOWN)
		c->marks |= MARK_WENT_OUT;
	c->address++;
	if (c->phase == PHASE_DIALING)
		return dial_on(s, s->now);
	return c->phase == PHASE_OWED ? owed_on(s, s->now) : soft_on(s, s->now);
}

static bool is_trying(const struct chain *c)
{
	return c->phase == PHASE_DIALING || c->phase == PHASE_OWED || c->phase == PHASE_SOFT;
}

/* Goes on from the present position, where that may be tried no longer. */
static struct action pass_over(const struct situation *s, int64_t at)
{
	struct chain *c = s->chain;

	if (c->phase == PHASE_SOFT)
		return soft_on(s, at);
	return c->phase == PHASE_OWED ? owed_on(s, at) : dial_on(s, at);
}

/* The mail step of this dial order; PLAN_STEPS: there is none with that address. */
static int mail_step(const struct plan *plan, int dial_order, int address)
{
	for (int i = 0; i < plan->steps; i++)
		if (plan->step[i].channel == CHANNEL_MAIL &&
		    plan->step[i].dial_order == dial_order && address >= 1 &&
		    address <= plan->step[i].addresses)
			return i;
	return PLAN_STEPS;
}

struct action escalation_came_back(const struct plan *plan, const struct policy *policy,
				   unsigned down, struct chain *chain, const struct comeback *mail,
				   int64_t now)
{
	struct situation s = {plan, policy, down, chain, now};
	int step = mail_step(plan, mail->dial_order, mail->address);

	if (chain->phase == PHASE_OVER || step == PLAN_STEPS)
		return nothing(&s);
	chain->marks |= mark(MARK_REFUSED, step, mail->address - 1);
	chain->marks &= ~mark(MARK_SOFT, step, mail->address - 1);
	if (mail->alone)
		chain->marks &= ~MARK_WENT_OUT;
	if (mail->in_flight || !is_trying(chain))
		return nothing(&s);

	bool stale = chain->phase == PHASE_SOFT ? !marked(chain, MARK_SOFT)
						: marked(chain, MARK_REFUSED);
	struct action action = stale ? pass_over(&s, mail->due) : try_at(&s, mail->due);
	bool moved_on = chain->phase != PHASE_SOFT && chain->step != step;
	if (action.kind == ACTION_TRY && mail->alone && moved_on && action.at > now)
		action.at = now;
	return action;
}

enum chain_event escalation_event(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_DELIVERED:
	case OUTCOME_ANSWERED_NO_INPUT:
	case OUTCOME_MACHINE:
	case OUTCOME_BUSY:
	case OUTCOME_NO_ANSWER:
	case OUTCOME_REPLIED: /* the reply itself is a fact of its own and stops the chain */
		return EVENT_DELIVERED;
	case OUTCOME_REFUSED:
		return EVENT_REFUSED;
	case OUTCOME_TEMPORARY:
		return EVENT_TEMPORARY;
	case OUTCOME_UNKNOWN:
		return EVENT_UNKNOWN;
	case OUTCOME_OUTAGE:
		return EVENT_OUTAGE;
	case OUTCOME_NONE:
	case OUTCOME_NOT_TRIED:
	case OUTCOME_PLACED: /* no end: another outcome follows */
	case OUTCOME_END:
		break;
	}
	return EVENT_NOT_TRIED;
}

struct action escalation_present(const struct plan *plan, const struct policy *policy,
				 const struct chain *chain, int64_t due)
{
	struct chain copy = *chain;
	struct situation s = {.plan = plan, .policy = policy, .chain = &copy, .now = due};

	if (chain->phase == PHASE_OVER)
		return (struct action){.kind = ACTION_STOP, .at = due};
	if (!is_trying(chain))
		return wait_until(due);
	assert(chain->step < plan->steps && chain->address < plan->step[chain->step].addresses);
	return try_at(&s, due);
}

struct action escalation_step(const struct plan *plan, const struct policy *policy, unsigned down,
			      struct chain *chain, enum chain_event event, int64_t now)
{
	struct situation s = {plan, policy, down, chain, now};

	switch (event) {
	case EVENT_START:
		return on_start(&s);
	case EVENT_REPLIED:
	case EVENT_CANCELLED:
		return over(&s, ACTION_STOP);
	case EVENT_DUE:
		return on_due(&s);
	case EVENT_OUTAGE:
		return is_trying(chain) ? on_outage(&s) : nothing(&s);
	case EVENT_NOT_TRIED:
		return is_trying(chain) ? on_not_tried(&s) : nothing(&s);
	case EVENT_ELSEWHERE:
		return is_trying(chain) ? on_elsewhere(&s) : nothing(&s);
	case EVENT_DELIVERED:
	case EVENT_REFUSED:
	case EVENT_TEMPORARY:
	case EVENT_UNKNOWN:
		break;
	}
	return is_trying(chain) ? on_attempt_end(&s, event) : nothing(&s);
}
