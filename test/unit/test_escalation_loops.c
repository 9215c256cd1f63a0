/*
 * The rule of the dial order told by plain loops, as the manual tells it, for people whose
 * addresses are always good or always bad: the chain must make the same list of attempts, to
 * the minute.
 */

#include "dispatcher/scheduler/escalation.h"
#include "test/unit/dice.h"
#include "test/unit/run.h"

#include <check.h>

enum { ATTEMPTS_MOST = 3 * PLAN_STEPS * PLAN_ADDRESSES * 3 };

struct expected {
	int step, address, attempt;
	int64_t at;
};

struct world {
	struct plan plan;
	struct policy policy;
	bool bad[PLAN_STEPS][PLAN_ADDRESSES];
	int64_t length; /* of an attempt */
};

struct forecast {
	int count;
	struct expected list[ATTEMPTS_MOST];
	int64_t exhausted;
};

static void forecast_step(const struct world *w, int step, bool first_round, int64_t *due,
			  int64_t *end, struct forecast *f)
{
	const struct plan_step *s = &w->plan.step[step];

	for (int try = 1; try <= w->policy.retries[s->channel] + 1; try++) {
		bool out = false;
		int64_t at = *due;
		for (int a = 0; a < s->addresses; a++) {
			if (w->bad[step][a] && (try > 1 || !first_round))
				continue;
			f->list[f->count++] = (struct expected){step, a, try, at};
			at = *end = at + w->length;
			out |= !w->bad[step][a];
		}
		*due = out ? at + w->policy.retry_interval : at;
	}
}

static void forecast(const struct world *w, struct forecast *f)
{
	int64_t now = 0;

	f->count = 0;
	for (int round = 0; round < w->policy.rounds; round++) {
		int64_t due = now, end = now;
		for (int step = 0; step < w->plan.steps; step++)
			forecast_step(w, step, round == 0, &due, &end, f);
		now = end + w->policy.round_interval;
	}
	f->exhausted = now - w->policy.round_interval + w->policy.final_wait;
	if (w->plan.steps == 0)
		f->exhausted = 0;
}

static bool as_expected(const struct world *w, const struct action *a, const struct expected *e)
{
	const struct plan_step *s = &w->plan.step[e->step];

	return a->kind == ACTION_TRY && a->at == e->at && a->channel == s->channel &&
	       a->dial_order == s->dial_order && a->position == s->position &&
	       a->address == e->address + 1 && a->attempt == e->attempt;
}

static void check_world(const struct world *w, struct dice *d)
{
	static const enum outcome used_up[] = {OUTCOME_DELIVERED, OUTCOME_NO_ANSWER, OUTCOME_BUSY,
					       OUTCOME_MACHINE, OUTCOME_ANSWERED_NO_INPUT};
	struct forecast f;
	struct chain c;
	struct action a = escalation_step(&w->plan, &w->policy, 0, &c, EVENT_START, 0);

	forecast(w, &f);
	for (int i = 0; i < f.count; i++) {
		const struct expected *e = &f.list[i];
		enum outcome outcome = used_up[below(d, LENGTH(used_up))];
		while (a.kind == ACTION_WAIT)
			a = escalation_step(&w->plan, &w->policy, 0, &c, EVENT_DUE, a.at);
		if (!as_expected(w, &a, e))
			ck_abort_msg("TENKO_SEED=%" PRIu64 ": attempt %d of %d is not the rule's",
				     dice_seed, i + 1, f.count);
		if (w->bad[e->step][e->address])
			outcome = OUTCOME_REFUSED;
		a = escalation_step(&w->plan, &w->policy, 0, &c, escalation_event(outcome),
				    a.at + w->length);
	}
	while (a.kind == ACTION_WAIT)
		a = escalation_step(&w->plan, &w->policy, 0, &c, EVENT_DUE, a.at);
	ck_assert_int_eq(a.kind, ACTION_EXHAUSTED);
	ck_assert_int_eq(a.at, f.exhausted);
}

static void check_worlds(bool some_bad)
{
	for (long i = 0; i < dice_sequences / 5; i++) {
		struct dice d = dice_of(i);
		struct world w = {.plan = random_plan(&d), .policy = random_policy(&d)};
		w.length = below(&d, 4);
		for (int a = 0; some_bad && a < PLAN_STEPS * PLAN_ADDRESSES; a++)
			w.bad[a / PLAN_ADDRESSES][a % PLAN_ADDRESSES] = below(&d, 2);
		check_world(&w, &d);
	}
}

START_TEST(all_goes_well_as_the_loops_say)
{
	check_worlds(false);
}
END_TEST

START_TEST(some_are_refused_as_the_loops_say)
{
	check_worlds(true);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("escalation by loops");
	TCase *t = tcase_create("loops");

	dice_from_environment();
	tcase_set_timeout(t, 600);
	tcase_add_test(t, all_goes_well_as_the_loops_say);
	tcase_add_test(t, some_are_refused_as_the_loops_say);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
