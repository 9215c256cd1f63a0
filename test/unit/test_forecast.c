/* The forecast, against examples worked out by hand. */

#include "common/roster/forecast.h"

#include "common/base/plan.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdlib.h>

#define MINUTE INT64_C(60000)

/* A call takes a minute, a mail a second, one at a time, without a rate, unless a test says so. */
static struct capacity capacity[CHANNEL_END];
static struct policy policy;

static void set_up(void)
{
	capacity[CHANNEL_MAIL] = (struct capacity){.lines = 1, .attempt_ms = 1000};
	capacity[CHANNEL_VOICE] = (struct capacity){.lines = 1, .attempt_ms = MINUTE};
	capacity[CHANNEL_PUSH] = (struct capacity){.lines = 1, .attempt_ms = 1000};
	policy = (struct policy){
		.retries = {[CHANNEL_VOICE] = 1},
		.retry_interval = 5 * MINUTE,
		.final_wait = 10 * MINUTE,
		.rounds = 1,
		.round_interval = 30 * MINUTE,
	};
}

static int64_t plan_of(int steps, const struct plan_step *step)
{
	struct plan plan = {.steps = steps};

	for (int i = 0; i < steps; i++)
		plan.step[i] = step[i];
	return plan_pack(&plan);
}

static struct plan_step mail(int order, int addresses)
{
	return (struct plan_step){.channel = CHANNEL_MAIL,
				  .dial_order = order,
				  .position = 1,
				  .addresses = addresses};
}

static struct plan_step call(int order, int position)
{
	return (struct plan_step){.channel = CHANNEL_VOICE,
				  .dial_order = order,
				  .position = position,
				  .addresses = 1};
}

static struct forecast of(int64_t plan, int64_t people)
{
	struct plan_count count = {.plan = plan, .people = people};

	return forecast_make(&count, 1, CHANNELS_ALL, &policy, capacity);
}

START_TEST(nobody_takes_no_time)
{
	struct forecast f = forecast_make(NULL, 0, CHANNELS_ALL, &policy, capacity);

	ck_assert_int_eq(f.people, 0);
	ck_assert_int_eq(f.first_ms, 0);
	ck_assert_int_eq(f.all_ms, 0);
}
END_TEST

/*
 * The example of the reference document, section 5.2: telephone retries 1, mail 0; order 1 TEL,
 * 2 MAIL with three addresses, 3 TEL, 4 TEL. Nine attempts: six calls and three mails in seven
 * passes, so six intervals of five minutes between them.
 */
START_TEST(one_person_takes_the_nine_steps)
{
	const struct plan_step steps[] = {call(1, 1), mail(2, 3), call(3, 2), call(4, 3)};
	struct forecast f = of(plan_of(4, steps), 1);

	ck_assert_int_eq(f.attempts[CHANNEL_VOICE], 6);
	ck_assert_int_eq(f.attempts[CHANNEL_MAIL], 3);
	ck_assert_int_eq(f.first_ms, MINUTE);
	ck_assert_int_eq(f.all_ms, 6 * MINUTE + 3000 + 6 * 5 * MINUTE + 10 * MINUTE);
}
END_TEST

/* Ten people, one telephone each, two lines, no retry: five waves of a minute. */
START_TEST(lines_are_shared)
{
	const struct plan_step steps[] = {call(1, 1)};
	struct forecast f;

	policy.retries[CHANNEL_VOICE] = 0;
	capacity[CHANNEL_VOICE].lines = 2;
	f = of(plan_of(1, steps), 10);
	ck_assert_int_eq(f.attempts[CHANNEL_VOICE], 10);
	ck_assert_int_eq(f.half_ms, 3 * MINUTE);
	ck_assert_int_eq(f.most_ms, 5 * MINUTE);
	ck_assert_int_eq(f.first_ms, 5 * MINUTE);
	ck_assert_int_eq(f.all_ms, 5 * MINUTE + 10 * MINUTE);
}
END_TEST

/* A hundred lines, but a call every ten seconds: the last of ten starts after ninety. */
START_TEST(the_rate_limits_too)
{
	const struct plan_step steps[] = {call(1, 1)};
	struct forecast f;

	policy.retries[CHANNEL_VOICE] = 0;
	capacity[CHANNEL_VOICE] = (struct capacity){.lines = 100, .rate = 2, .attempt_ms = MINUTE};
	f = of(plan_of(1, steps), 10);
	ck_assert_int_eq(f.first_ms, 9 * 500 + MINUTE);
}
END_TEST

/*
 * Twenty people on one line: the first pass takes twenty minutes, so that the retry, due five
 * minutes after the first call, waits until everybody was called once. Forty minutes in all.
 */
START_TEST(retries_wait_for_first_calls)
{
	const struct plan_step steps[] = {call(1, 1)};
	struct forecast f = of(plan_of(1, steps), 20);

	ck_assert_int_eq(f.attempts[CHANNEL_VOICE], 40);
	ck_assert_int_eq(f.first_ms, 20 * MINUTE);
	/* the last is called at 19 and 20 min, due again at 25, and is the last of the second pass */
	ck_assert_int_eq(f.all_ms, 40 * MINUTE + 10 * MINUTE);
}
END_TEST

/* The addresses of one group follow each other without the interval. */
START_TEST(addresses_of_a_group_are_one_pass)
{
	const struct plan_step steps[] = {mail(1, 3)};
	struct forecast f = of(plan_of(1, steps), 1);

	ck_assert_int_eq(f.attempts[CHANNEL_MAIL], 3);
	ck_assert_int_eq(f.first_ms, 3000);
	ck_assert_int_eq(f.all_ms, 3000 + 10 * MINUTE);
}
END_TEST

/* Even with a hundred workers one person's addresses are not mailed at once. */
START_TEST(one_person_is_never_tried_twice_at_once)
{
	const struct plan_step steps[] = {mail(1, 3)};

	capacity[CHANNEL_MAIL].lines = 100;
	ck_assert_int_eq(of(plan_of(1, steps), 1).first_ms, 3000);
}
END_TEST

/* Two rounds of mail and call with its retry: six passes, two intervals in each round. */
START_TEST(rounds_repeat_the_order)
{
	const struct plan_step steps[] = {mail(1, 1), call(2, 1)};
	struct forecast f;

	policy.rounds = 2;
	f = of(plan_of(2, steps), 1);
	ck_assert_int_eq(f.attempts[CHANNEL_MAIL], 2);
	ck_assert_int_eq(f.attempts[CHANNEL_VOICE], 4);
	ck_assert_int_eq(f.all_ms,
			 2 * (1000 + 2 * MINUTE + 2 * 5 * MINUTE) + 30 * MINUTE + 10 * MINUTE);
}
END_TEST

/* Who has only contacts of other channels, or none, is counted and takes no time. */
START_TEST(the_unreachable_are_counted)
{
	const struct plan_step by_mail[] = {mail(1, 2)}, by_call[] = {call(1, 1)};
	const struct plan_count counts[] = {
		{.plan = plan_of(1, by_mail), .people = 3},
		{.plan = plan_of(1, by_call), .people = 5},
		{.plan = 0, .people = 7},
	};
	struct forecast f =
		forecast_make(counts, LENGTH(counts), 1u << CHANNEL_MAIL, &policy, capacity);

	ck_assert_int_eq(f.people, 15);
	ck_assert_int_eq(f.unreachable, 12);
	ck_assert_int_eq(f.attempts[CHANNEL_MAIL], 6);
	ck_assert_int_eq(f.attempts[CHANNEL_VOICE], 0);
	ck_assert_int_eq(f.first_ms, 6000);
}
END_TEST

/*
 * Two kinds of people, no retries: four begin with a call (one line: four minutes), ten with a
 * mail of a second each, who are called five minutes after it. The line is free by then: the
 * first of the ten is called at 5 min 1 s, the last ends ten minutes later.
 */
START_TEST(kinds_of_people_share_a_channel)
{
	const struct plan_step callers[] = {call(1, 1)}, mailed[] = {mail(1, 1), call(2, 1)};
	const struct plan_count counts[] = {
		{.plan = plan_of(1, callers), .people = 4},
		{.plan = plan_of(2, mailed), .people = 10},
	};
	struct forecast f;

	policy.retries[CHANNEL_VOICE] = 0;
	f = forecast_make(counts, LENGTH(counts), CHANNELS_ALL, &policy, capacity);
	ck_assert_int_eq(f.first_ms, 4 * MINUTE);
	ck_assert_int_eq(f.all_ms, 5 * MINUTE + 1000 + 10 * MINUTE + 10 * MINUTE);
}
END_TEST

/* A million people of many kinds are reckoned in no time worth speaking of. */
START_TEST(many_kinds_are_quick)
{
	struct plan_count counts[200];
	struct forecast f;

	for (int i = 0; i < (int)LENGTH(counts); i++) {
		const struct plan_step steps[] = {mail(1, 1 + i % 3), call(2, 1), call(3, 2)};
		counts[i] = (struct plan_count){.plan = plan_of(1 + i % 3, steps), .people = 5000};
	}
	policy.rounds = 100;
	policy.retries[CHANNEL_VOICE] = 20;
	f = forecast_make(counts, LENGTH(counts), CHANNELS_ALL, &policy, capacity);
	ck_assert_int_eq(f.people, 1000000);
	ck_assert_int_gt(f.all_ms, 0);
}
END_TEST

/* More people or fewer lines never make it faster. */
START_TEST(more_people_take_longer)
{
	const struct plan_step steps[] = {mail(1, 2), call(2, 1)};
	int64_t plan = plan_of(2, steps), before = 0;

	for (int64_t people = 1; people < 2000; people += 37) {
		struct forecast f = of(plan, people);
		ck_assert_int_ge(f.all_ms, before);
		ck_assert_int_le(f.first_ms, f.all_ms);
		before = f.all_ms;
	}
	for (int64_t lines = 1; lines < 100; lines++) {
		capacity[CHANNEL_VOICE].lines = lines;
		ck_assert_int_le(of(plan, 500).all_ms, before);
	}
}
END_TEST

/* Four on one line, one of them under way for half a minute; two have answered, one only waits. */
START_TEST(it_goes_on_from_where_they_stand)
{
	const struct plan_step steps[] = {call(1, 1)};
	struct cohort of = {.policy = &policy, .plan = plan_of(1, steps), .people = 1};
	struct cohort list[] = {of, of, of, of, of, of};
	struct forecast f;

	policy.retries[CHANNEL_VOICE] = 0;
	list[0].under_way = true;
	list[0].due_ms = -MINUTE / 2;
	list[2].over = list[3].over = true;
	list[4].chain.phase = PHASE_FINAL;
	list[4].tried = true;
	list[4].due_ms = 3 * MINUTE;
	f = forecast_go_on(list, LENGTH(list), capacity);
	ck_assert_int_eq(f.people, 6);
	ck_assert_int_eq(f.tried, 3);
	ck_assert_int_eq(f.half_ms, 0);
	ck_assert_int_eq(f.most_ms, MINUTE / 2 + 2 * MINUTE);
	ck_assert_int_eq(f.all_ms, MINUTE / 2 + 2 * MINUTE + 10 * MINUTE);
}
END_TEST

/* Ten of an urgent broadcast pass a routine one on the only line. */
START_TEST(the_urgent_pass)
{
	const struct plan_step steps[] = {call(1, 1)};
	struct cohort ours = {.policy = &policy, .plan = plan_of(1, steps), .people = 2, .lane = 1};
	struct cohort list[] = {ours, ours};
	struct forecast f;

	policy.retries[CHANNEL_VOICE] = 0;
	list[1].people = 10;
	list[1].lane = 0;
	list[1].in_the_way = true;
	f = forecast_go_on(list, LENGTH(list), capacity);
	ck_assert_int_eq(f.people, 2);
	ck_assert_int_eq(f.attempts[CHANNEL_VOICE], 2);
	ck_assert_int_eq(f.first_ms, 12 * MINUTE);
	list[1].lane = 1;
	list[0].lane = 0;
	ck_assert_int_eq(forecast_go_on(list, LENGTH(list), capacity).first_ms, 2 * MINUTE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("forecast");
	TCase *cases = tcase_create("forecast");

	tcase_add_checked_fixture(cases, set_up, NULL);
	tcase_add_test(cases, nobody_takes_no_time);
	tcase_add_test(cases, one_person_takes_the_nine_steps);
	tcase_add_test(cases, lines_are_shared);
	tcase_add_test(cases, the_rate_limits_too);
	tcase_add_test(cases, retries_wait_for_first_calls);
	tcase_add_test(cases, addresses_of_a_group_are_one_pass);
	tcase_add_test(cases, one_person_is_never_tried_twice_at_once);
	tcase_add_test(cases, rounds_repeat_the_order);
	tcase_add_test(cases, the_unreachable_are_counted);
	tcase_add_test(cases, kinds_of_people_share_a_channel);
	tcase_add_test(cases, it_goes_on_from_where_they_stand);
	tcase_add_test(cases, the_urgent_pass);
	tcase_add_test(cases, many_kinds_are_quick);
	tcase_add_test(cases, more_people_take_longer);
	suite_add_tcase(suite, cases);
	return run_suite(suite);
}
