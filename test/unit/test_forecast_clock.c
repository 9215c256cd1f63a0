/*
 * The forecast against the clock: what it says of half of the people, 90 % and all of them tried on
 * their first contact, and of the end, is held against the scheduler itself, its turns and pacing
 * over store and belt in memory (test/sim/calm.h). From the start, in the midst, and with a second
 * broadcast on the same lines. Ten per cent, and what one round of the world takes.
 */

#include "test/sim/calm.h"
#include "test/unit/run.h"
#include "test/unit/story.h"

#include "common/base/log.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND, SLACK = 2 * SECOND };

/* People by their plans, in turn; as many lines and so fast. */
static const struct scene {
	const char *name, *plans[6];
	int people, mail_window, lines, mail_ms, call_ms, push_ms, mail_rate, call_rate;
	int rounds, voice_retries, mail_retries, interval, final_wait;
} scenes[] = {
	{.name = "mail alone",
	 .plans = {"M3", "M", "M2"},
	 .people = 80,
	 .mail_window = 50,
	 .lines = 1,
	 .mail_ms = 500,
	 .interval = 60,
	 .final_wait = 600,
	 .rounds = 1},
	{.name = "few lines, one retry",
	 .plans = {"V"},
	 .people = 60,
	 .lines = 4,
	 .mail_window = 50,
	 .call_ms = 45000,
	 .voice_retries = 1,
	 .interval = 300,
	 .final_wait = 600,
	 .rounds = 1},
	{.name = "the reference's order",
	 .plans = {"V M3 V V"},
	 .people = 40,
	 .lines = 6,
	 .mail_window = 50,
	 .mail_ms = 200,
	 .call_ms = 45000,
	 .voice_retries = 1,
	 .interval = 300,
	 .final_wait = 600,
	 .rounds = 1},
	{.name = "mixed orders",
	 .plans = {"M2 V", "V M", "M", "P M3 V", "V V", "P V M"},
	 .people = 80,
	 .lines = 5,
	 .mail_window = 50,
	 .mail_ms = 400,
	 .call_ms = 40000,
	 .push_ms = 1000,
	 .voice_retries = 1,
	 .interval = 120,
	 .final_wait = 300,
	 .rounds = 1},
	{.name = "the rates limit",
	 .plans = {"M V", "V M2"},
	 .people = 70,
	 .lines = 50,
	 .mail_window = 50,
	 .mail_ms = 50,
	 .call_ms = 30000,
	 .mail_rate = 1,
	 .call_rate = 1,
	 .interval = 30,
	 .final_wait = 60,
	 .rounds = 1},
	{.name = "a narrow window",
	 .plans = {"M2 V"},
	 .people = 50,
	 .lines = 3,
	 .mail_window = 1,
	 .mail_ms = 1000,
	 .call_ms = 30000,
	 .interval = 60,
	 .final_wait = 60,
	 .rounds = 1,
	 .mail_retries = 1},
	{.name = "two rounds",
	 .plans = {"M V", "V"},
	 .people = 40,
	 .lines = 8,
	 .mail_window = 50,
	 .mail_ms = 300,
	 .call_ms = 45000,
	 .interval = 60,
	 .final_wait = 600,
	 .rounds = 2},
};

static struct calm calm;
static struct capacity capacity[CHANNEL_END];

static void set_scene(const struct scene *scene)
{
	int kinds = 0;

	calm = (struct calm){
		.setup =
			{
				.people = scene->people,
				.lifetime = INT64_C(864000000),
				.windows = {[CHANNEL_MAIL] = scene->mail_window,
					    [CHANNEL_VOICE] = scene->lines,
					    [CHANNEL_PUSH] = 50},
				.policy = {.retries = {[CHANNEL_MAIL] = scene->mail_retries,
						       [CHANNEL_VOICE] = scene->voice_retries},
					   .retry_interval = scene->interval * SECOND,
					   .final_wait = scene->final_wait * SECOND,
					   .rounds = scene->rounds,
					   .round_interval = 10 * MINUTE},
			},
		.attempt_ms = {[CHANNEL_MAIL] = scene->mail_ms,
			       [CHANNEL_VOICE] = scene->call_ms,
			       [CHANNEL_PUSH] = scene->push_ms},
		.rates = {[CHANNEL_MAIL] = scene->mail_rate, [CHANNEL_VOICE] = scene->call_rate},
	};
	while (kinds < (int)LENGTH(scene->plans) && scene->plans[kinds])
		kinds++;
	for (int i = 0; i < scene->people; i++)
		calm.setup.plans[i] = story_plan(scene->plans[i % kinds]);
	calm_capacity(&calm, capacity);
}

static void hold(const char *name, const char *what, int64_t said, int64_t was)
{
	int64_t off = said > was ? said - was : was - said;

	ck_assert_msg(off <= was / 10 + SLACK,
		      "%s, %s: %" PRId64 " s was said, %" PRId64 " s it took", name, what,
		      said / 1000, was / 1000);
}

static void hold_all(const char *name, const struct forecast *f, const struct calm_end *end,
		     int64_t from)
{
	hold(name, "half", f->half_ms ? f->half_ms + from : 0, f->half_ms ? end->half : 0);
	hold(name, "90 %", f->most_ms ? f->most_ms + from : 0, f->most_ms ? end->most : 0);
	hold(name, "all", f->first_ms ? f->first_ms + from : 0, f->first_ms ? end->first : 0);
	hold(name, "the end", f->all_ms + from, end->all);
}

static void run(const char *name, struct calm_end *ends)
{
	const char *fault = calm_run(&calm, ends);

	ck_assert_msg(!fault, "%s: %s", name, fault);
}

START_TEST(what_was_said_before_comes_true)
{
	struct calm_end ends[BROADCASTS_MOST];
	struct plan_count counts[PEOPLE_MOST];

	set_scene(&scenes[_i]);
	run(scenes[_i].name, ends);
	for (int i = 0; i < calm.setup.people; i++)
		counts[i] = (struct plan_count){plan_pack(&calm.setup.plans[i]), 1};
	struct forecast f = forecast_make(counts, (size_t)calm.setup.people, CHANNELS_ALL,
					  &calm.setup.policy, capacity);
	hold_all(scenes[_i].name, &f, &ends[0], 0);
}
END_TEST

/* in the midst */

struct looked {
	struct cohort cohorts[DELIVERIES_MOST];
	struct forecast first, second;
};

static void look(struct world *w, void *arg)
{
	struct looked *looked = arg;
	size_t count = calm_cohorts(w, 1, looked->cohorts);

	looked->first = forecast_go_on(looked->cohorts, count, capacity);
	count = calm_cohorts(w, 2, looked->cohorts);
	looked->second = forecast_go_on(looked->cohorts, count, capacity);
}

static struct looked looked;

/* Nothing that has passed is said to be still to come. */
static void hold_passed(const char *name, const struct forecast *f, const struct calm_end *end,
			int64_t from)
{
	ck_assert_msg((f->half_ms == 0) == (end->half <= from), "%s: half", name);
	ck_assert_msg((f->first_ms == 0) == (end->first <= from), "%s: all", name);
}

START_TEST(what_is_said_in_the_midst_comes_true)
{
	struct calm_end ends[BROADCASTS_MOST];
	const char *name = scenes[_i].name;

	set_scene(&scenes[_i]);
	run(name, ends);
	int64_t times[] = {ends[0].half / 2, ends[0].half * 3 / 2, ends[0].all / 3,
			   ends[0].all * 3 / 4};
	for (size_t i = 0; i < LENGTH(times); i++) {
		calm.look_after_ms = times[i];
		calm.look = look;
		calm.arg = &looked;
		run(name, ends);
		hold_passed(name, &looked.first, &ends[0], times[i]);
		hold_all(name, &looked.first, &ends[0], times[i]);
	}
}
END_TEST

/* Both of them, just after the second was fanned out behind the first, on the same lines. */
START_TEST(two_share_the_lines)
{
	struct calm_end ends[BROADCASTS_MOST];
	const char *name = scenes[_i].name;

	set_scene(&scenes[_i]);
	run(name, ends);
	calm.second_after_ms = ends[0].half;
	calm.look_after_ms = ends[0].half + 2 * SECOND;
	calm.look = look;
	calm.arg = &looked;
	run(name, ends);
	hold(name, "the end of the first", looked.first.all_ms + calm.look_after_ms, ends[0].all);
	hold(name, "the end of the second", looked.second.all_ms + calm.look_after_ms, ends[1].all);
	hold(name, "the second's first contacts", looked.second.first_ms + calm.look_after_ms,
	     ends[1].first);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("forecast_clock");
	TCase *t = tcase_create("clock");

	log_level_set((enum log_level)(LOG_LEVEL_ERROR + 1), false);
	tcase_set_timeout(t, 600);
	tcase_add_loop_test(t, what_was_said_before_comes_true, 0, (int)LENGTH(scenes));
	tcase_add_loop_test(t, what_is_said_in_the_midst_comes_true, 0, (int)LENGTH(scenes));
	tcase_add_loop_test(t, two_share_the_lines, 0, (int)LENGTH(scenes));
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
