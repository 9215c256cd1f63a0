/*
 * The turnstile before the store's lock: who stands in it keeps the next one behind, but not for ever.
 */

#include "common/store/turnstile.h"

#include "common/base/clock.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MS = 30 };

static char folder[] = "/tmp/turnstile.XXXXXX";
static int ours, theirs;

static void set_up(void)
{
	char run[64];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(run, sizeof run, "%s/run", folder);
	ck_assert_int_eq(mkdir(run, 0700), 0);
	ours = turnstile_open(folder);
	theirs = turnstile_open(folder);
	ck_assert_int_ge(ours, 0);
	ck_assert_int_ge(theirs, 0);
}

static void tear_down(void)
{
	char run[64];

	close(ours);
	close(theirs);
	snprintf(run, sizeof run, "%s/run", folder);
	ck_assert_int_eq(rmdir(run), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

static bool is_free(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	ck_assert_int_eq(flock(fd, LOCK_UN), 0);
	return true;
}

START_TEST(one_stands_in_it_at_a_time)
{
	turnstile_enter(ours, PATIENCE_MS);
	ck_assert(!is_free(theirs));
	turnstile_leave(ours);
	ck_assert(is_free(theirs));
	turnstile_enter(theirs, PATIENCE_MS);
	ck_assert(!is_free(ours));
	turnstile_leave(theirs);
}
END_TEST

START_TEST(who_waits_in_vain_goes_around_it)
{
	turnstile_enter(ours, PATIENCE_MS);
	int64_t since = clock_monotonic();
	turnstile_enter(theirs, PATIENCE_MS);
	ck_assert_int_ge(clock_monotonic() - since, PATIENCE_MS);
	turnstile_leave(theirs); /* which they never had */
	ck_assert(!is_free(theirs));
	turnstile_leave(ours);
}
END_TEST

START_TEST(nobody_misses_one_that_is_not_there)
{
	int none = turnstile_open("/nowhere/at/all");

	ck_assert_int_eq(none, -1);
	turnstile_enter(none, PATIENCE_MS);
	turnstile_leave(none);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("turnstile");
	TCase *tests = tcase_create("turnstile");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, one_stands_in_it_at_a_time);
	tcase_add_test(tests, who_waits_in_vain_goes_around_it);
	tcase_add_test(tests, nobody_misses_one_that_is_not_there);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
