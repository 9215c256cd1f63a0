#include "dispatcher/scheduler/pacing.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdlib.h>

static struct pacer pacer_with(int64_t window, int64_t rate)
{
	return (struct pacer){
		.pace =
			{
				.window = window,
				.rate = rate,
				.backoff = 1000,
				.backoff_most = 8000,
				.silence = 60000,
			},
	};
}

START_TEST(window_bounds_what_is_out)
{
	struct pacer p = pacer_with(20, 0);

	ck_assert_int_eq(pacing_allow(&p, 0), 20);
	pacing_sent(&p, 15, 0);
	ck_assert_int_eq(pacing_allow(&p, 0), 5);
	pacing_sent(&p, 5, 0);
	ck_assert_int_eq(pacing_allow(&p, 0), 0);
	ck_assert(pacing_next(&p, 0) == INT64_MAX);
	pacing_returned(&p, false);
	ck_assert_int_eq(pacing_allow(&p, 0), 1);
}
END_TEST

START_TEST(rate_lets_one_a_second_through)
{
	struct pacer p = pacer_with(100, 1);
	int64_t sent = 0, at = 1000000;

	for (int64_t t = at; t < at + 10000; t = pacing_next(&p, t)) {
		int64_t allowed = pacing_allow(&p, t);
		pacing_sent(&p, allowed, t);
		sent += allowed;
		if (!allowed)
			ck_assert_int_gt(pacing_next(&p, t), t);
	}
	ck_assert_int_ge(sent, 10);
	ck_assert_int_le(sent, 11);
}
END_TEST

START_TEST(rate_is_not_saved_up_over_a_night)
{
	struct pacer p = pacer_with(1000000, 100);

	ck_assert_int_ge(pacing_allow(&p, 0), 0);
	ck_assert_int_eq(pacing_allow(&p, 8 * 3600 * 1000), 10);
}
END_TEST

START_TEST(one_outage_leaves_a_probe_and_a_second_confirms)
{
	struct pacer p = pacer_with(100, 0);

	pacing_sent(&p, 50, 0);
	pacing_outage(&p, 10);
	ck_assert(p.down && !p.confirmed);
	ck_assert_int_eq(pacing_allow(&p, 11), 0);
	pacing_outage(&p, 20); /* the other worker's batch, same failure */
	ck_assert(!p.confirmed);
	ck_assert_int_eq(pacing_next(&p, 20), 1010);
	ck_assert_int_eq(pacing_allow(&p, 1010), 1);
	pacing_sent(&p, 1, 1010);
	ck_assert_int_eq(pacing_allow(&p, 1011), 0);
	pacing_outage(&p, 1500);
	ck_assert(p.confirmed && p.recall);
	ck_assert_int_eq(pacing_next(&p, 1500), 3500);
}
END_TEST

START_TEST(wait_doubles_to_its_most)
{
	struct pacer p = pacer_with(100, 0);
	int64_t now = 0, waits[6];

	for (int i = 0; i < 6; i++) {
		pacing_outage(&p, now);
		waits[i] = p.probe_at - now;
		now = p.probe_at;
	}
	const int64_t expected[] = {1000, 2000, 4000, 8000, 8000, 8000};
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(waits[i], expected[i]);
}
END_TEST

START_TEST(one_good_word_opens_the_channel)
{
	struct pacer p = pacer_with(100, 0);

	pacing_outage(&p, 0);
	pacing_outage(&p, 1000);
	ck_assert(p.confirmed);
	pacing_works(&p, 1001);
	ck_assert(!p.down && !p.confirmed);
	ck_assert_int_eq(pacing_allow(&p, 1001), 100);
}
END_TEST

START_TEST(silence_is_an_outage_but_only_with_jobs_out)
{
	struct pacer p = pacer_with(100, 0);

	pacing_listen(&p, 1000000);
	ck_assert(!p.down);
	pacing_sent(&p, 3, 1000000);
	pacing_listen(&p, 1059999);
	ck_assert(!p.down);
	pacing_listen(&p, 1060000);
	ck_assert(p.down && p.confirmed && p.recall);
}
END_TEST

START_TEST(a_call_under_way_is_no_silence)
{
	struct pacer p = pacer_with(2, 0);

	pacing_sent(&p, 2, 0);
	pacing_placed(&p);
	pacing_placed(&p);
	pacing_listen(&p, 600000);
	ck_assert(!p.down);
	ck_assert_int_eq(pacing_allow(&p, 600000), 0); /* its line is in use all the same */
	pacing_returned(&p, true);
	ck_assert_int_eq(p.placed, 1);
	pacing_sent(&p, 1, 600000);
	pacing_listen(&p, 659999);
	ck_assert(!p.down);
	pacing_listen(&p, 660000); /* of the one that no worker has spoken of */
	ck_assert(p.down && p.confirmed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pacing");
	TCase *tests = tcase_create("pacing");

	tcase_add_test(tests, window_bounds_what_is_out);
	tcase_add_test(tests, a_call_under_way_is_no_silence);
	tcase_add_test(tests, rate_lets_one_a_second_through);
	tcase_add_test(tests, rate_is_not_saved_up_over_a_night);
	tcase_add_test(tests, one_outage_leaves_a_probe_and_a_second_confirms);
	tcase_add_test(tests, wait_doubles_to_its_most);
	tcase_add_test(tests, one_good_word_opens_the_channel);
	tcase_add_test(tests, silence_is_an_outage_but_only_with_jobs_out);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
