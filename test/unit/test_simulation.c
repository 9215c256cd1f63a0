/*
 * Random schedules against the scheduler: its turns, its comparing with the belt, its effects, as they
 * are in the program, with store and belt in memory and a clock that the test sets (test/sim). What
 * must be true all the time stands in test/sim/model.h. A schedule that fails is cut down to the
 * fewest events and the smallest world that still fail, and told.
 *
 *	TENKO_SEED=N        the same again
 *	TENKO_SEQUENCES=N   how many schedules (a million; under the sanitizers 30000)
 */

#include "test/sim/world.h"
#include "test/unit/dice.h"
#include "test/unit/run.h"
#include "test/unit/story.h"

#include "common/base/log.h"

#include <check.h>
#include <string.h>

/* throwing */

/* How likely each is, against the others. */
static const int weights[HAPPENINGS_END] = {
	[HAPPENS_TURN] = 30,    [HAPPENS_LOOK] = 8,    [HAPPENS_TIME] = 14, [HAPPENS_CLAIM] = 16,
	[HAPPENS_DELIVER] = 24, [HAPPENS_REPORT] = 16, [HAPPENS_DIE] = 3,   [HAPPENS_REPLY] = 3,
	[HAPPENS_CONTROL] = 3,  [HAPPENS_ASK] = 1,     [HAPPENS_CALL] = 5,  [HAPPENS_AGAIN] = 2,
	[HAPPENS_SWAP] = 2,     [HAPPENS_OUTAGE] = 2,  [HAPPENS_EMPTY] = 2, [HAPPENS_COPY] = 2,
	[HAPPENS_PUT_BACK] = 2, [HAPPENS_LOSE] = 1,    [HAPPENS_KILL] = 3,  [HAPPENS_BREAK] = 2,
	[HAPPENS_FAIL] = 2,     [HAPPENS_CLOCK] = 1,   [HAPPENS_GONE] = 1,
};

/* What goes wrong in one schedule: a few kinds each, so that the fair weather is tried as well. */
static const enum happening troubles[] = {
	HAPPENS_DIE,      HAPPENS_AGAIN, HAPPENS_SWAP,    HAPPENS_OUTAGE, HAPPENS_EMPTY,
	HAPPENS_PUT_BACK, HAPPENS_LOSE,  HAPPENS_KILL,    HAPPENS_BREAK,  HAPPENS_FAIL,
	HAPPENS_CLOCK,    HAPPENS_GONE,  HAPPENS_CONTROL, HAPPENS_REPLY,
};

static struct plan small_plan(struct dice *d)
{
	struct plan plan = {.steps = below(d, 30) ? 1 + below(d, STEPS_MOST) : 0};
	int seen[CHANNEL_END] = {0};

	for (int i = 0; i < plan.steps; i++) {
		enum channel channel = (enum channel)(1 + below(d, CHANNEL_END - 1));
		bool once = channel != CHANNEL_VOICE && seen[channel];
		if (once)
			channel = CHANNEL_VOICE;
		plan.step[i] = (struct plan_step){
			.channel = channel,
			.dial_order = i + 1,
			.position = ++seen[channel],
			.addresses = channel == CHANNEL_MAIL ? 1 + below(d, PLAN_ADDRESSES) : 1,
		};
	}
	return plan;
}

static void throw_setup(struct dice *d, struct setup *s)
{
	static const int64_t intervals[] = {0, 5000, 60000}, windows[] = {1, 2, 50, 50};

	*s = (struct setup){
		.people = 1 + below(d, 4) * below(d, 2),
		.shared = below(d, 4) == 0,
		.rate = below(d, 8) == 0,
		.lifetime = below(d, 8) ? INT64_C(864000000) : 30000 + below(d, 200000),
		.policy =
			{
				.temporary_retries = below(d, 2),
				.retry_interval = intervals[below(d, 3)],
				.final_wait = intervals[below(d, 3)],
				.rounds = 1 + (below(d, 4) == 0),
				.round_interval = intervals[below(d, 3)],
			},
	};
	s->people += s->people > PEOPLE_MOST ? PEOPLE_MOST - s->people : 0;
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		s->policy.retries[c] = below(d, 2);
		s->windows[c] = windows[below(d, 4)];
	}
	for (int i = 0; i < s->people; i++)
		s->plans[i] = small_plan(d);
}

static enum happening throw_happening(struct dice *d, const int *chances, int total)
{
	int n = below(d, total), i = 0;

	while (n >= chances[i])
		n -= chances[i++];
	return (enum happening)i;
}

static void throw_schedule(struct dice *d, struct schedule *s)
{
	int chances[HAPPENINGS_END], total = 0;

	memset(s, 0, sizeof *s);
	throw_setup(d, &s->setup);
	memcpy(chances, weights, sizeof chances);
	for (int i = 0; i < (int)LENGTH(troubles); i++)
		if (below(d, 3))
			chances[troubles[i]] = 0;
	for (int i = 0; i < HAPPENINGS_END; i++)
		total += chances[i];
	s->count = 10 + below(d, EVENTS_MOST - 9);
	for (int i = 0; i < s->count; i++)
		s->events[i] = (struct event){throw_happening(d, chances, total), below(d, 1 << 16),
					      below(d, 1 << 16)};
}

/* cutting down: each simpler schedule that still fails takes the place of the one before */

static const char *sought; /* the fault that is cut down; NULL: any */

static bool fails(const struct schedule *s)
{
	const char *fault = world_run(s, NULL);

	return fault && (!sought || strcmp(fault, sought) == 0);
}

static bool try_it(struct schedule *s, const struct schedule *simpler)
{
	if (memcmp(s, simpler, sizeof *s) == 0 || !fails(simpler))
		return false;
	*s = *simpler;
	return true;
}

static bool cut_events(struct schedule *s)
{
	bool cut = false;

	for (int length = s->count; length > 0; length /= 2) {
		for (int at = 0; at + length <= s->count;) {
			struct schedule simpler = *s;
			memmove(&simpler.events[at], &simpler.events[at + length],
				(size_t)(s->count - at - length) * sizeof s->events[0]);
			simpler.count -= length;
			memset(&simpler.events[simpler.count], 0,
			       (size_t)length * sizeof s->events[0]);
			if (try_it(s, &simpler))
				cut = true;
			else
				at++;
		}
	}
	return cut;
}

static bool lower(struct schedule *s, int *number, int to)
{
	int was = *number;
	struct schedule before = *s;

	*number = to;
	if (was > to && fails(s))
		return true;
	*s = before;
	return false;
}

static bool cut_numbers(struct schedule *s)
{
	bool cut = false;

	for (int i = 0; i < s->count; i++) {
		struct event *e = &s->events[i];
		cut |= lower(s, &e->a, 0) || lower(s, &e->a, e->a % 60) ||
		       lower(s, &e->a, e->a / 2);
		cut |= lower(s, &e->b, 0) || lower(s, &e->b, e->b % 32) ||
		       lower(s, &e->b, e->b / 2);
	}
	return cut;
}

static bool cut_setup(struct schedule *s)
{
	struct policy *p = &s->setup.policy;
	bool cut = lower(s, &s->setup.people, s->setup.people - 1 ? s->setup.people - 1 : 1);

	for (int i = 0; i < s->setup.people; i++) {
		struct plan *plan = &s->setup.plans[i];
		cut |= lower(s, &plan->steps, plan->steps ? plan->steps - 1 : 0);
		for (int k = 0; k < plan->steps; k++)
			cut |= lower(s, &plan->step[k].addresses, 1);
	}
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		cut |= lower(s, &p->retries[c], 0);
	cut |= lower(s, &p->rounds, 1);
	cut |= lower(s, &p->temporary_retries, 0);
	return cut;
}

static void cut_down(struct schedule *s)
{
	bool cut;

	do {
		cut = cut_events(s);
		cut |= cut_numbers(s);
		cut |= cut_setup(s);
	} while (cut);
}

/* telling */

static void tell_setup(struct buf *story, const struct setup *s)
{
	const struct policy *p = &s->policy;

	for (int i = 0; i < s->people; i++) {
		buf_format(story, "\n  person %d:", i + 1);
		for (int k = 0; k < s->plans[i].steps; k++)
			buf_format(story, " %c%d", channel_signs[s->plans[i].step[k].channel],
				   s->plans[i].step[k].addresses);
	}
	buf_format(
		story,
		"\n  retries M%d V%d P%d, temporary %d, interval %d ms, rounds %d, round interval"
		" %d ms, final wait %d ms\n  windows M%d V%d P%d, %d a second, lifetime %d s%s",
		p->retries[1], p->retries[2], p->retries[3], p->temporary_retries,
		(int)p->retry_interval, p->rounds, (int)p->round_interval, (int)p->final_wait,
		(int)s->windows[1], (int)s->windows[2], (int)s->windows[3], (int)s->rate,
		(int)(s->lifetime / 1000), s->shared ? ", one telephone for the first two" : "");
}

static void fail_with(struct schedule *s, long number)
{
	struct buf story = {0};

	sought = world_run(s, NULL);
	cut_down(s);
	tell_setup(&story, &s->setup);
	const char *fault = world_run(s, &story);
	ck_abort_msg("%s\nschedule %ld of TENKO_SEED=%" PRIu64 ", cut down:%s", fault, number,
		     dice_seed, buf_text(&story));
}

START_TEST(any_schedule_keeps_the_promises)
{
	for (long i = 0; i < dice_sequences; i++) {
		struct dice d = dice_of(i);
		struct schedule s;
		throw_schedule(&d, &s);
		if (fails(&s))
			fail_with(&s, i);
	}
}
END_TEST

/*
 * The shortest histories of what was found and mended. A store that fails does so at each of its calls
 * in turn.
 */
static const struct found {
	const char *what, *plans[2];
	struct event events[8];
	bool store_fails;
} found[] = {
	{
		.what = "a probe that nobody wants any more is not the last",
		.plans = {"V", "V"},
		.events = {{HAPPENS_TURN, 0, 0},
			   {HAPPENS_TIME, 5, 0},
			   {HAPPENS_LOOK, 0, 0},
			   {HAPPENS_TIME, 4, 0},
			   {HAPPENS_TURN, 0, 0},
			   {HAPPENS_REPLY, 0, 0}},
	},
	{
		.what = "a store that fails twice leaves pacing with the right counts",
		.plans = {"V M"},
		.events = {{HAPPENS_TURN, 0, 0},
			   {HAPPENS_TIME, 5, 0},
			   {HAPPENS_LOOK, 0, 0},
			   {HAPPENS_ASK, 0, 0},
			   {HAPPENS_FAIL, 0, 1},
			   {HAPPENS_TURN, 0, 0}},
		.store_fails = true,
	},
	{
		.what = "a probe whose transaction failed is not the last",
		.plans = {"P", "V"},
		.events = {{HAPPENS_TURN, 0, 0},
			   {HAPPENS_TIME, 5, 0},
			   {HAPPENS_LOOK, 0, 0},
			   {HAPPENS_TIME, 5, 0},
			   {HAPPENS_FAIL, 0, 0},
			   {HAPPENS_TURN, 0, 0}},
		.store_fails = true,
	},
	{
		.what = "a queue that was made anew is not made anew again",
		.plans = {"M V"},
		.events = {{HAPPENS_TURN, 0, 0},
			   {HAPPENS_TIME, 5, 0},
			   {HAPPENS_LOOK, 0, 0},
			   {HAPPENS_COPY, 0, 0},
			   {HAPPENS_TURN, 0, 0},
			   {HAPPENS_PUT_BACK, 0, 0}},
	},
	{
		.what = "the mark is of what was put on the belt, not of what nobody wants",
		.plans = {"V"},
		.events = {{HAPPENS_TURN, 0, 0}, {HAPPENS_REPLY, 0, 0}, {HAPPENS_EMPTY, 0, 0}},
	},
};

static struct schedule schedule_of(const struct found *f)
{
	struct schedule s = {.setup = {.policy = {.rounds = 1, .final_wait = 60000},
				       .lifetime = INT64_C(864000000)}};

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		s.setup.windows[c] = 50;
	for (; s.setup.people < 2 && f->plans[s.setup.people]; s.setup.people++)
		s.setup.plans[s.setup.people] = story_plan(f->plans[s.setup.people]);
	memcpy(s.events, f->events, sizeof f->events);
	s.count = (int)LENGTH(f->events); /* what is left of the room is turns */
	return s;
}

START_TEST(what_was_found_stays_mended)
{
	const struct found *f = &found[_i];
	struct schedule s = schedule_of(f);

	for (int call = 0; call < (f->store_fails ? 40 : 1); call++) {
		for (int i = 0; i < s.count; i++)
			if (s.events[i].what == HAPPENS_FAIL)
				s.events[i].a = call;
		const char *fault = world_run(&s, NULL);
		ck_assert_msg(!fault, "%s: %s (call %d)", f->what, fault, call);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("simulation");
	TCase *t = tcase_create("schedules");

#ifdef __SANITIZE_ADDRESS__
	dice_sequences = 30000; /* as many as the tests have time for */
#endif
	log_level_set((enum log_level)(LOG_LEVEL_ERROR + 1), false);
	dice_from_environment();
	tcase_set_timeout(t, 1800);
	tcase_add_loop_test(t, what_was_found_stays_mended, 0, (int)LENGTH(found));
	tcase_add_test(t, any_schedule_keeps_the_promises);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
