/*
 * When something comes again.
 */

#include "common/base/clock.h"
#include "common/base/must.h"
#include "common/text/recurrence.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t moment(int year, int month, int day, int hour, int minute)
{
	struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day,
			.tm_hour = hour, .tm_min = minute, .tm_isdst = -1};

	return (int64_t)mktime(&tm) * 1000;
}

/* The next after 2026-11-21 14:00, a Saturday, and the one behind that; local time. */
static const struct {
	const char *rule, *first, *second;
} cases[] = {
	{"daily 14:00", "2026-11-22 14:00:00", "2026-11-23 14:00:00"},
	{"daily 14:01", "2026-11-21 14:01:00", "2026-11-22 14:01:00"},
	{"weekly Sat 9:30", "2026-11-28 09:30:00", "2026-12-05 09:30:00"},
	{"weekly sun 00:00", "2026-11-22 00:00:00", "2026-11-29 00:00:00"},
	{"monthly 15 10:00", "2026-12-15 10:00:00", "2027-01-15 10:00:00"},
	{"monthly 31 10:00", "2026-11-30 10:00:00", "2026-12-31 10:00:00"},
	{"monthly 1st Mon 10:00", "2026-12-07 10:00:00", "2027-01-04 10:00:00"},
	{"monthly last Fri 23:59", "2026-11-27 23:59:00", "2026-12-25 23:59:00"},
	{"monthly 4th Sat 10:00", "2026-11-28 10:00:00", "2026-12-26 10:00:00"},
	{"yearly 09-01 11:58", "2027-09-01 11:58:00", "2028-09-01 11:58:00"},
	{"yearly 02-29 10:00", "2027-02-28 10:00:00", "2028-02-29 10:00:00"},
	{"YEARLY 11-21 14:00", "2027-11-21 14:00:00", "2028-11-21 14:00:00"},
};

START_TEST(the_next_time_is_what_the_words_say)
{
	char text[CLOCK_TEXT];
	struct recurrence r;

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	ck_assert_msg(recurrence_read(cases[_i].rule, &r), "%s", cases[_i].rule);
	int64_t first = recurrence_next(&r, moment(2026, 11, 21, 14, 0));
	ck_assert_str_eq(clock_local_text(first, text), cases[_i].first);
	ck_assert_str_eq(clock_local_text(recurrence_next(&r, first), text), cases[_i].second);
}
END_TEST

/* 02:30 does not exist on 2026-03-29 in Berlin, and comes twice on 2026-10-25. */
START_TEST(clocks_that_are_put_forward_or_back_lose_and_double_nothing)
{
	char text[CLOCK_TEXT];
	struct recurrence r;

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	ck_assert(recurrence_read("daily 2:30", &r));
	int64_t at = recurrence_next(&r, moment(2026, 3, 28, 12, 0));
	ck_assert_ptr_nonnull(strstr(clock_local_text(at, text), "2026-03-29 "));
	at = recurrence_next(&r, at);
	ck_assert_str_eq(clock_local_text(at, text), "2026-03-30 02:30:00");
	at = recurrence_next(&r, moment(2026, 10, 24, 12, 0));
	ck_assert_ptr_nonnull(strstr(clock_local_text(at, text), "2026-10-25 02:30"));
	at = recurrence_next(&r, at);
	ck_assert_str_eq(clock_local_text(at, text), "2026-10-26 02:30:00");
}
END_TEST

START_TEST(what_is_no_rule_is_refused)
{
	static const char *const texts[] = {
		"",
		"daily",
		"daily 24:00",
		"daily 10:60",
		"daily 10:5",
		"daily 10:00 now",
		"hourly 10:00",
		"weekly 10:00",
		"weekly Monday 10:00",
		"monthly 0 10:00",
		"monthly 32 10:00",
		"monthly 5th Mon 10:00",
		"monthly 1st 10:00",
		"monthly 1st Mon 10:00 x",
		"yearly 13-01 10:00",
		"yearly 02-30 10:00",
		"yearly 1-1 10:00",
		"daily -1:00",
		"daily +1:00",
		"averyveryverylongwordindeed 10:00",
	};
	struct recurrence r;

	for (size_t i = 0; i < LENGTH(texts); i++)
		ck_assert_msg(!recurrence_read(texts[i], &r), "\"%s\"", texts[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recurrence");
	TCase *t = tcase_create("recurrence");

	tcase_add_loop_test(t, the_next_time_is_what_the_words_say, 0, (int)LENGTH(cases));
	tcase_add_test(t, clocks_that_are_put_forward_or_back_lose_and_double_nothing);
	tcase_add_test(t, what_is_no_rule_is_refused);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
