/* The clock is set while people wait: their waits stay what they were. */

#include "dispatcher/scheduler/timekeeping.h"

#include "common/store/states.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HOUR = 3600000, NOW = 1800000000, MONOTONIC = 5000 };

static char folder[] = "/tmp/tkclockXXXXXX";
static struct scheduler s;

static void set_up(void)
{
	strcpy(folder, "/tmp/tkclockXXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	memset(&s, 0, sizeof s);
	ck_assert_int_eq(store_open(folder, true, &s.store), STORE_OK);
}

static void tear_down(void)
{
	char command[80];

	store_close(s.store);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* A turn at so many milliseconds after the start by each clock. */
static void turn_at(int64_t wall, int64_t monotonic)
{
	s.now = NOW + wall;
	s.monotonic = MONOTONIC + monotonic;
	ck_assert_int_eq(store_begin(s.store), STORE_OK);
	ck_assert_int_eq(timekeeping_turn(&s), STORE_OK);
	ck_assert_int_eq(store_commit(s.store), STORE_OK);
}

static void add_waiting(int64_t due)
{
	const struct delivery d = {.id = delivery_id(1, 0), .broadcast = 1, .person = 1,
				   .state = DELIVERY_WAITING, .due_at = due};

	ck_assert_int_eq(store_begin(s.store), STORE_OK);
	ck_assert_int_eq(delivery_insert(s.store, &d), STORE_OK);
	ck_assert_int_eq(store_commit(s.store), STORE_OK);
}

static int64_t due(void)
{
	struct delivery d;

	ck_assert_int_eq(delivery_load(s.store, delivery_id(1, 0), &d), STORE_OK);
	return d.due_at - NOW;
}

START_TEST(a_wait_moves_with_the_clock)
{
	static const int64_t by[] = {HOUR, -HOUR, 3000, -3000};

	turn_at(0, 0);
	add_waiting(NOW + 60000);
	turn_at(1000 + by[_i], 1000);
	ck_assert_int_eq(due(), 60000 + by[_i]);
	turn_at(2000 + by[_i], 2000);
	ck_assert_int_eq(due(), 60000 + by[_i]);
	turn_at(3000, 3000);
	ck_assert_int_eq(due(), 60000);
}
END_TEST

START_TEST(a_clock_that_only_drifts_moves_nothing)
{
	turn_at(0, 0);
	add_waiting(NOW + 60000);
	turn_at(11900, 10000);
	ck_assert_int_eq(due(), 60000);
	turn_at(8100, 10000);
	ck_assert_int_eq(due(), 60000);
}
END_TEST

START_TEST(what_happened_while_no_scheduler_ran_is_noticed)
{
	turn_at(0, 0);
	add_waiting(NOW + 60000);
	s.clock_noted = false; /* another process */
	turn_at(5000 - HOUR, 5000);
	ck_assert_int_eq(due(), 60000 - HOUR);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("timekeeping");
	TCase *test = tcase_create("clock");

	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_loop_test(test, a_wait_moves_with_the_clock, 0, 4);
	tcase_add_test(test, a_clock_that_only_drifts_moves_nothing);
	tcase_add_test(test, what_happened_while_no_scheduler_ran_is_noticed);
	suite_add_tcase(suite, test);
	return suite;
}

int main(void)
{
	return run_suite(suite());
}
