/*
 * Properties of the escalation, over random people, policies and fates. Beside the chain stands
 * a watch that knows the rule but not the code, and says what it broke. A history that breaks
 *it is cut down to the shortest that still does, and printed.
 *
 *	TENKO_SEED=N        the same histories again
 *	TENKO_SEQUENCES=N   how many (a million)
 */

#include "test/unit/dice.h"
#include "test/unit/run.h"
#include "test/unit/story.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

/* histories */

enum { TURNS_MOST = 48 };

struct turn {
	enum chain_event event;
	int later;     /* minutes after it was due */
	unsigned down; /* the channels that are, from then on */
};

struct history {
	struct plan plan;
	struct policy policy;
	int turns;
	struct turn turn[TURNS_MOST];
};

/* How often each event comes, by what kind of day it is. Any event may come at any time. */
static enum chain_event random_event(struct dice *d, int day, enum action_kind present)
{
	static const char *const days[] = {
		"dddddddddddddddddddx",
		"dddddxxttuonrcs",
		"ooooooooeeooddxt",
		"ddddddddoooooeeoxtun",
	};
	const char *signs = days[day];
	char sign = present == ACTION_WAIT ? 'w' : signs[below(d, (int)strlen(signs))];

	if (below(d, 10) == 0)
		return (enum chain_event)below(d, EVENTS);
	return (enum chain_event)(strchr(event_signs, sign) - event_signs);
}

/* the watch */

struct place {
	int round, step, attempt, address;
	enum phase phase;
};

struct watch {
	const struct history *h;
	struct chain chain;
	struct action last;
	int64_t now;
	unsigned down;
	struct place at; /* of the attempt that stands or was made last */
	bool answered;   /* or called off: nobody may be tried any more */
	bool outage;     /* this round knew one */
	bool pass_out;   /* something of this pass went out */
	int64_t out;     /* when the last attempt of this round that went out ended; -1 */
	bool refused[PLAN_STEPS][PLAN_ADDRESSES];
	enum chain_event latest[PLAN_STEPS][PLAN_ADDRESSES];
	int64_t ended[PLAN_STEPS][PLAN_ADDRESSES]; /* its last try in this round; -1 */
	int tries[PLAN_STEPS][PLAN_ADDRESSES];     /* in this round */
	int extra[PLAN_STEPS][PLAN_ADDRESSES];
	const char *fault; /* the first thing that was wrong */
};

static void hold(struct watch *w, bool right, const char *fault)
{
	if (!right && !w->fault)
		w->fault = fault;
}

static bool is_last_round(const struct watch *w)
{
	return w->chain.round == w->h->policy.rounds - 1;
}

static int passes(const struct watch *w, int step)
{
	return w->h->policy.retries[w->h->plan.step[step].channel] + 1;
}

static void new_round(struct watch *w, int round)
{
	w->outage = w->pass_out = false;
	w->out = -1;
	memset(w->tries, 0, sizeof(w->tries));
	memset(w->extra, 0, sizeof(w->extra));
	memset(w->ended, 0xff, sizeof(w->ended));
	w->at = (struct place){.round = round, .step = -1};
}

static bool is_soft(const struct watch *w, int step, int address)
{
	enum chain_event latest = w->latest[step][address];
	return latest == EVENT_TEMPORARY || latest == EVENT_UNKNOWN;
}

static bool goes_out(enum chain_event event)
{
	return event == EVENT_DELIVERED || event == EVENT_UNKNOWN;
}

/* The end of the attempt that stands, as the rule counts it. */
static void watch_end(struct watch *w, enum chain_event event)
{
	int step = w->at.step, address = w->at.address;

	if (event == EVENT_OUTAGE)
		w->outage = true;
	if (event == EVENT_OUTAGE || event == EVENT_NOT_TRIED || event == EVENT_ELSEWHERE)
		return;
	if (w->at.phase == PHASE_SOFT)
		w->extra[step][address]++;
	else
		w->tries[step][address]++;
	w->latest[step][address] = event;
	w->refused[step][address] |= event == EVENT_REFUSED;
	w->ended[step][address] = w->now;
	if (goes_out(event)) {
		w->pass_out = true;
		w->out = w->now;
	}
}

static struct place place_of(struct watch *w, const struct action *a)
{
	struct place p = {w->chain.round, 0, a->attempt, a->address - 1, w->chain.phase};
	const struct plan *plan = &w->h->plan;

	while (p.step < plan->steps && plan->step[p.step].dial_order != a->dial_order)
		p.step++;
	if (p.step == plan->steps) {
		hold(w, false, "a dial order that the person does not have");
		p.step = 0;
		return p;
	}
	const struct plan_step *step = &plan->step[p.step];
	hold(w, a->channel == step->channel && a->position == step->position, "wrong contact");
	hold(w, a->address >= 1 && a->address <= step->addresses, "no such address");
	hold(w, a->at >= w->now, "due in the past");
	return p;
}

/* Less, equal or more; passes of extra tries go over all steps, others over their own. */
static int compare(const struct watch *w, struct place a, struct place b)
{
	int far = 1000, left, right;

	if (a.phase != b.phase)
		return a.phase < b.phase ? -1 : 1;
	if (a.phase == PHASE_SOFT) {
		left = (a.attempt - passes(w, a.step)) * far + a.step * PLAN_ADDRESSES;
		right = (b.attempt - passes(w, b.step)) * far + b.step * PLAN_ADDRESSES;
	} else {
		left = a.step * far + a.attempt * PLAN_ADDRESSES;
		right = b.step * far + b.attempt * PLAN_ADDRESSES;
	}
	left += a.address;
	right += b.address;
	return (left > right) - (left < right);
}

static bool is_left(const struct watch *w, int step)
{
	for (int a = 0; a < w->h->plan.step[step].addresses; a++)
		if (!w->refused[step][a] && w->tries[step][a] < passes(w, step))
			return true;
	return false;
}

/* The first step with tries left whose channel is none of these; or else `otherwise`. */
static int first_left(const struct watch *w, unsigned but, int otherwise)
{
	for (int s = 0; s < w->h->plan.steps; s++)
		if (is_left(w, s) && !(but & 1u << w->h->plan.step[s].channel))
			return s;
	return otherwise;
}

/* The next behind the present one that has tries left on another channel; or else this one. */
static int next_left(const struct watch *w, unsigned here)
{
	int steps = w->h->plan.steps;

	for (int n = 1; n < steps; n++) {
		int s = (w->at.step + n) % steps;
		if (is_left(w, s) && !(here & 1u << w->h->plan.step[s].channel))
			return s;
	}
	return w->at.step;
}

/* Making good in the last round: where it goes on. */
static int rightly_owed(const struct watch *w, enum chain_event event)
{
	bool was_owed = w->at.step >= 0 && w->at.phase == PHASE_OWED;
	unsigned here = was_owed ? 1u << w->h->plan.step[w->at.step].channel : 0;
	bool back = event == EVENT_NOT_TRIED || event == EVENT_ELSEWHERE;

	if (was_owed && event == EVENT_OUTAGE)
		return first_left(w, w->down | here, next_left(w, here));
	if (was_owed && back && (w->down & here))
		return first_left(w, w->down, w->at.step);
	if (was_owed && is_left(w, w->at.step))
		return w->at.step;
	return first_left(w, w->down, first_left(w, 0, -1));
}

static void watch_order(struct watch *w, struct place p, enum chain_event event)
{
	bool parked = event == EVENT_OUTAGE && w->last.may_park;
	int way = w->at.step < 0 ? 1 : compare(w, p, w->at);

	hold(w, p.round == w->at.round, "another round without its wait");
	if (p.phase == PHASE_OWED && is_last_round(w)) {
		hold(w, p.step == rightly_owed(w, event), "goes on with the wrong step");
		if (w->at.phase == PHASE_OWED && p.step != w->at.step)
			return;
	}
	if (event == EVENT_NOT_TRIED || parked)
		hold(w, way == 0, "not the same attempt again");
	else
		hold(w, way > 0, "order violated");
}

static void watch_counts(struct watch *w, struct place p)
{
	int extra = p.attempt - passes(w, p.step);

	hold(w, !w->refused[p.step][p.address], "tried again though refused for good");
	if (p.phase == PHASE_SOFT) {
		hold(w, is_soft(w, p.step, p.address), "an extra try without need");
		hold(w, extra > w->extra[p.step][p.address], "extra try counted wrongly");
		hold(w, extra <= w->h->policy.temporary_retries, "too many extra tries");
	} else {
		hold(w, p.attempt == w->tries[p.step][p.address] + 1, "try counted wrongly");
		hold(w, extra <= 0, "too many tries");
	}
}

/* Whether two places are addresses of one group, in one pass. */
static bool same_pass(struct place a, struct place b)
{
	return a.step == b.step && a.attempt == b.attempt && a.phase == b.phase;
}

/* When the attempt at `p` is due: to the minute. */
static int64_t rightly_due(const struct watch *w, struct place p, enum chain_event event)
{
	int64_t later = w->now + w->h->policy.retry_interval;
	bool same_step = p.step == w->at.step;
	bool extra_again = p.phase == PHASE_SOFT &&
			   (w->at.phase != PHASE_SOFT ||
			    p.attempt - passes(w, p.step) != w->at.attempt - passes(w, w->at.step));

	if (w->at.step < 0 || (same_pass(p, w->at) && !extra_again))
		return w->now;
	if (extra_again || w->pass_out)
		return later;
	return same_step && event != EVENT_OUTAGE ? later : w->now;
}

static void watch_time(struct watch *w, struct place p, enum chain_event event)
{
	int64_t interval = w->h->policy.retry_interval;
	int64_t ended = w->ended[p.step][p.address];

	hold(w, w->last.kind == ACTION_TRY, "no try stands");
	hold(w, w->out < 0 || same_pass(p, w->at) || w->last.at >= w->out + interval,
	     "interval not kept");
	hold(w, ended < 0 || w->last.at >= ended + interval, "one address twice at once");
	hold(w, w->last.at == rightly_due(w, p, event), "due at a wrong time");
}

static void watch_try(struct watch *w, const struct action *a, enum chain_event event)
{
	struct place p = place_of(w, a);
	bool trying = p.phase == PHASE_DIALING || p.phase == PHASE_OWED || p.phase == PHASE_SOFT;

	hold(w, trying && !w->answered, "tried though it is over");
	hold(w, a->may_park == (p.phase != PHASE_DIALING && is_last_round(w)), "parked wrongly");
	watch_order(w, p, event);
	watch_counts(w, p);
	w->last = *a;
	watch_time(w, p, event);
	if (!same_pass(p, w->at))
		w->pass_out = false;
	w->at = p;
}

/* At the end of a round each address had all its tries, unless an outage kept some back. */
static void watch_round_end(struct watch *w)
{
	if (w->outage && !is_last_round(w))
		return;
	for (int s = 0; s < w->h->plan.steps; s++) {
		for (int a = 0; a < w->h->plan.step[s].addresses; a++) {
			int extra = w->h->policy.temporary_retries;
			if (w->refused[s][a])
				continue;
			hold(w, w->tries[s][a] == passes(w, s), "something is left owed");
			hold(w, !is_soft(w, s, a) || w->extra[s][a] == extra,
			     "an extra try is left out");
		}
	}
}

static void watch_wait(struct watch *w, const struct action *a)
{
	const struct policy *p = &w->h->policy;
	bool last = is_last_round(w);

	hold(w, !w->answered, "waits though it is over");
	hold(w, w->chain.round < p->rounds, "too many rounds");
	hold(w, w->chain.phase == (last ? PHASE_FINAL : PHASE_RESTING),
	     "waits for the wrong thing");
	hold(w, a->at == w->now + (last ? p->final_wait : p->round_interval), "waits too long");
	hold(w, !last || w->chain.owed == 0, "something stands as owed");
	watch_round_end(w);
}

static void watch_action(struct watch *w, const struct action *a, enum chain_event event,
			 enum phase before)
{
	bool end = event == EVENT_REPLIED || event == EVENT_CANCELLED;

	switch (a->kind) {
	case ACTION_TRY:
		watch_try(w, a, event);
		break;
	case ACTION_WAIT:
		watch_wait(w, a);
		break;
	case ACTION_EXHAUSTED:
		hold(w, w->h->plan.steps == 0 || before == PHASE_FINAL, "exhausted too early");
		hold(w, !w->answered, "exhausted though it is over");
		break;
	case ACTION_STOP:
		hold(w, end, "stopped without a reason");
		break;
	case ACTION_NONE:
		break;
	}
	hold(w, end == (a->kind == ACTION_STOP), "not stopped");
	if (a->kind != ACTION_NONE)
		w->last = *a;
}

/* What stands follows from the chain alone. */
static void watch_present(struct watch *w)
{
	struct chain copy = w->chain;
	struct action present = escalation_present(&w->h->plan, &w->h->policy, &copy, w->last.at);

	hold(w, same_chain(&copy, &w->chain), "looking changed it");
	if (w->last.kind == ACTION_EXHAUSTED)
		hold(w, present.kind == ACTION_STOP, "present after exhausted");
	else
		hold(w, same_action(present, w->last), "present differs from what was said");
}

/* Whether somebody who waits for a channel that is down has anything else to do. */
static bool has_elsewhere(const struct watch *w)
{
	bool waits = w->chain.phase == PHASE_OWED && is_last_round(w) && w->at.step >= 0;

	return waits && w->down & 1u << w->h->plan.step[w->at.step].channel &&
	       first_left(w, w->down, -1) >= 0;
}

static bool fits(const struct watch *w, enum chain_event event, enum phase phase)
{
	switch (event) {
	case EVENT_ELSEWHERE:
		return has_elsewhere(w);
	case EVENT_START:
	case EVENT_REPLIED:
	case EVENT_CANCELLED:
		return true;
	case EVENT_DUE:
		return phase == PHASE_RESTING || phase == PHASE_FINAL;
	case EVENT_DELIVERED:
	case EVENT_REFUSED:
	case EVENT_TEMPORARY:
	case EVENT_UNKNOWN:
	case EVENT_OUTAGE:
	case EVENT_NOT_TRIED:
		break;
	}
	return phase == PHASE_DIALING || phase == PHASE_OWED || phase == PHASE_SOFT;
}

/* One event, `later` than it was due. A start is never given to one who has answered. */
static struct action watch_event(struct watch *w, enum chain_event event, int later)
{
	const struct history *h = w->h;
	struct chain before = w->chain, again = w->chain;
	bool fit = fits(w, event, before.phase);

	if (event != EVENT_REPLIED && event != EVENT_CANCELLED && event != EVENT_START && fit &&
	    w->last.at > w->now)
		w->now = w->last.at;
	w->now += later;
	if (event == EVENT_START) {
		new_round(w, 0);
		memset(w->refused, 0, sizeof(w->refused));
		memset(w->latest, 0, sizeof(w->latest));
	} else if (fit && event == EVENT_DUE && before.phase == PHASE_RESTING) {
		new_round(w, before.round + 1);
	} else if (fit && w->last.kind == ACTION_TRY) {
		watch_end(w, event);
	}
	struct action a = escalation_step(&h->plan, &h->policy, w->down, &w->chain, event, w->now);
	struct action b = escalation_step(&h->plan, &h->policy, w->down, &again, event, w->now);
	hold(w, same_action(a, b) && same_chain(&w->chain, &again), "not the same twice");
	hold(w, fit == (a.kind != ACTION_NONE), "an event that does not fit was taken");
	hold(w, fit || same_chain(&before, &w->chain), "an event that does not fit changed it");
	w->answered |= event == EVENT_REPLIED || event == EVENT_CANCELLED;
	watch_action(w, &a, event, before.phase);
	watch_present(w);
	return a;
}

/* runs */

static void tell_turn(struct buf *story, struct turn turn, struct action a)
{
	if (!story)
		return;
	buf_format(story, "  %2d%c  ", turn.later, event_signs[turn.event]);
	for (int c = 1; c < CHANNEL_END; c++)
		buf_char(story, turn.down & 1u << c ? channel_signs[c] : ' ');
	story_tell(story, a);
	buf_char(story, '\n');
}

static struct watch watch_begin(const struct history *h, struct buf *story)
{
	struct watch w = {.h = h, .now = 1000};
	struct action a = watch_event(&w, EVENT_START, 0);

	tell_turn(story, (struct turn){.event = EVENT_START}, a);
	return w;
}

static void take_turn(struct watch *w, struct turn turn, struct buf *story)
{
	if (turn.event == EVENT_START && w->answered)
		return;
	w->down = turn.down;
	tell_turn(story, turn, watch_event(w, turn.event, turn.later));
}

/* Nothing goes wrong any more: the chain comes to its end within so many steps. */
static void run_out(struct watch *w, struct buf *story)
{
	int most = 2;

	for (int s = 0; s < w->h->plan.steps; s++)
		most += (passes(w, s) + w->h->policy.temporary_retries) *
			w->h->plan.step[s].addresses;
	for (most *= w->h->policy.rounds; most > 0 && w->chain.phase != PHASE_OVER; most--) {
		enum chain_event event = w->last.kind == ACTION_TRY ? EVENT_DELIVERED : EVENT_DUE;
		take_turn(w, (struct turn){.event = event, .down = w->down}, story);
	}
	hold(w, w->chain.phase == PHASE_OVER, "does not come to an end");
}

/* Gives the fault, or NULL. `story` may be NULL. */
static const char *run(const struct history *h, struct buf *story)
{
	struct watch w = watch_begin(h, story);

	for (int i = 0; i < h->turns && !w.fault; i++)
		take_turn(&w, h->turn[i], story);
	if (!w.fault)
		run_out(&w, story);
	return w.fault;
}

/* Makes a history while it runs it, so that most events fit. */
static const char *run_random(struct history *h, struct dice *d)
{
	*h = (struct history){.plan = random_plan(d), .policy = random_policy(d)};
	int turns = below(d, TURNS_MOST + 1), day = below(d, 4), late = below(d, 2) ? 4 : 1;
	struct watch w = watch_begin(h, NULL);

	while (h->turns < turns && !w.fault) {
		struct turn *turn = &h->turn[h->turns++];
		turn->event = random_event(d, day, w.last.kind);
		turn->later = below(d, late);
		turn->down = below(d, 3) ? w.down : (unsigned)below(d, 1 << (CHANNEL_END - 1)) << 1;
		take_turn(&w, *turn, NULL);
		if (w.chain.phase == PHASE_OVER && below(d, 4) == 0)
			break;
	}
	if (!w.fault)
		run_out(&w, NULL);
	return w.fault;
}

/* making a history shorter */

static void drop_turns(struct history *h, int first, int count)
{
	memmove(&h->turn[first], &h->turn[first + count],
		sizeof(h->turn[0]) * (size_t)(h->turns - first - count));
	h->turns -= count;
}

static void drop_step(struct history *h, int step)
{
	memmove(&h->plan.step[step], &h->plan.step[step + 1],
		sizeof(h->plan.step[0]) * (size_t)(h->plan.steps - step - 1));
	h->plan.steps--;
}

/* The n-th thing that can be made simpler; false when there is no n-th. */
static bool simplify_numbers(struct history *h, int n)
{
	int *const counts[] = {&h->policy.retries[1], &h->policy.retries[2], &h->policy.retries[3],
			       &h->policy.temporary_retries};
	int64_t *const waits[] = {&h->policy.final_wait, &h->policy.round_interval};

	if (n < (int)LENGTH(counts)) {
		*counts[n] -= *counts[n] > 0;
		return true;
	}
	n -= (int)LENGTH(counts);
	if (n < (int)LENGTH(waits)) {
		*waits[n] /= 2;
		return true;
	}
	h->policy.rounds -= h->policy.rounds > 1;
	return n == (int)LENGTH(waits);
}

static bool simplify(struct history *h, int n)
{
	for (int count = 8; count > 0; count /= 2) {
		int places = h->turns - count + 1;
		if (n < places) {
			drop_turns(h, n, count);
			return true;
		}
		n -= places > 0 ? places : 0;
	}
	if (n < h->turns) {
		h->turn[n].later = 0;
		return true;
	}
	n -= h->turns;
	if (n < h->plan.steps) {
		drop_step(h, n);
		return true;
	}
	n -= h->plan.steps;
	if (n < h->plan.steps) {
		h->plan.step[n].addresses -= h->plan.step[n].addresses > 1;
		return true;
	}
	return simplify_numbers(h, n - h->plan.steps);
}

static void shrink(struct history *h)
{
	for (int n = 0;;) {
		struct history simpler = *h;
		if (!simplify(&simpler, n))
			return;
		bool simpler_fails = memcmp(&simpler, h, sizeof(*h)) != 0 && run(&simpler, NULL);
		if (simpler_fails)
			*h = simpler;
		n = simpler_fails ? 0 : n + 1;
	}
}

static void fail_with(struct history *h, long number)
{
	const struct policy *p = &h->policy;
	struct buf story = {0};

	shrink(h);
	buf_format(&story, "history %ld of TENKO_SEED=%" PRIu64 ", cut down:\n  plan", number,
		   dice_seed);
	for (int s = 0; s < h->plan.steps; s++)
		buf_format(&story, " %d%c%d", h->plan.step[s].dial_order,
			   channel_signs[h->plan.step[s].channel], h->plan.step[s].addresses);
	buf_format(&story,
		   "\n  retries M%d V%d P%d, temporary %d, interval %d, rounds %d, "
		   "round interval %d, final wait %d\n",
		   p->retries[1], p->retries[2], p->retries[3], p->temporary_retries,
		   (int)p->retry_interval, p->rounds, (int)p->round_interval, (int)p->final_wait);
	const char *fault = run(h, &story);
	ck_abort_msg("%s\n%s", fault, buf_text(&story));
}

START_TEST(any_history_keeps_the_rule)
{
	for (long i = 0; i < dice_sequences; i++) {
		struct dice d = dice_of(i);
		struct history h;
		if (run_random(&h, &d))
			fail_with(&h, i);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("escalation properties");
	TCase *t = tcase_create("properties");

	dice_from_environment();
	tcase_set_timeout(t, 600);
	tcase_add_test(t, any_history_keeps_the_rule);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
