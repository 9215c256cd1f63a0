#include "common/text/recurrence.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { LAST = 5 };

/* reading */

static bool read_weekday(const char *text, int *weekday)
{
	static const char *const names[7] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

	for (*weekday = 0; *weekday < 7; ++*weekday)
		if (strcasecmp(text, names[*weekday]) == 0)
			return true;
	return false;
}

static bool read_nth(const char *text, int *nth)
{
	static const char *const names[LAST] = {"1st", "2nd", "3rd", "4th", "last"};

	for (*nth = 1; *nth <= LAST; ++*nth)
		if (strcasecmp(text, names[*nth - 1]) == 0)
			return true;
	return false;
}

/* Two numbers of one or two digits with a sign between them, and nothing else. */
static bool read_pair(const char *text, char sign, int *first, int *second)
{
	const char *at = strchr(text, sign);
	size_t before = at ? (size_t)(at - text) : 0, behind = at ? strlen(at + 1) : 0;

	if (before < 1 || before > 2 || behind != 2 ||
	    strspn(text, "0123456789") != before || strspn(at + 1, "0123456789") != behind)
		return false;
	return sscanf(text, "%2d", first) == 1 && sscanf(at + 1, "%2d", second) == 1;
}

static bool read_time(const char *text, struct recurrence *r)
{
	return read_pair(text, ':', &r->hour, &r->minute) && r->hour <= 23 && r->minute <= 59;
}

static bool read_day(const char *text, int *day)
{
	size_t length = strlen(text);

	return length >= 1 && length <= 2 && strspn(text, "0123456789") == length &&
	       sscanf(text, "%2d", day) == 1 && *day >= 1 && *day <= 31;
}

static bool read_date(const char *text, struct recurrence *r)
{
	static const int days[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return read_pair(text, '-', &r->month, &r->day) && r->month >= 1 && r->month <= 12 &&
	       r->day >= 1 && r->day <= days[r->month - 1];
}

bool recurrence_read(const char *text, struct recurrence *r)
{
	enum { WORDS = 4, WORD = 16 };
	char w[WORDS + 1][WORD] = {{0}};
	int count = sscanf(text, "%15s %15s %15s %15s %15s", w[0], w[1], w[2], w[3], w[4]);

	*r = (struct recurrence){0};
	if (count == 2 && strcasecmp(w[0], "daily") == 0) {
		r->kind = RECURRENCE_DAILY;
	} else if (count == 3 && strcasecmp(w[0], "weekly") == 0) {
		r->kind = RECURRENCE_WEEKLY;
		if (!read_weekday(w[1], &r->weekday))
			return false;
	} else if (count == 3 && strcasecmp(w[0], "monthly") == 0) {
		r->kind = RECURRENCE_MONTHLY_DAY;
		if (!read_day(w[1], &r->day))
			return false;
	} else if (count == 4 && strcasecmp(w[0], "monthly") == 0) {
		r->kind = RECURRENCE_MONTHLY_WEEKDAY;
		if (!read_nth(w[1], &r->nth) || !read_weekday(w[2], &r->weekday))
			return false;
	} else if (count == 3 && strcasecmp(w[0], "yearly") == 0) {
		r->kind = RECURRENCE_YEARLY;
		if (!read_date(w[1], r))
			return false;
	} else {
		return false;
	}
	return read_time(w[count - 1], r);
}

/* reckoning */

static int month_days(int year, int month)
{
	struct tm last = {.tm_year = year, .tm_mon = month + 1, .tm_mday = 0, .tm_hour = 12,
			  .tm_isdst = -1};

	mktime(&last); /* day 0 of the month behind it */
	return last.tm_mday;
}

/* Whether the rule names this day, whose fields are set. */
static bool falls_on(const struct recurrence *r, const struct tm *day)
{
	int length = month_days(day->tm_year, day->tm_mon);
	bool last_week = day->tm_mday + 7 > length;

	switch (r->kind) {
	case RECURRENCE_DAILY:
		return true;
	case RECURRENCE_WEEKLY:
		return day->tm_wday == r->weekday;
	case RECURRENCE_MONTHLY_DAY:
		return day->tm_mday == (r->day < length ? r->day : length);
	case RECURRENCE_MONTHLY_WEEKDAY:
		return day->tm_wday == r->weekday &&
		       (r->nth == LAST ? last_week : (day->tm_mday - 1) / 7 + 1 == r->nth);
	case RECURRENCE_YEARLY:
		return day->tm_mon + 1 == r->month &&
		       day->tm_mday == (r->day < length ? r->day : length);
	}
	return false;
}

int64_t recurrence_next(const struct recurrence *r, int64_t after)
{
	enum { DAYS = 400 }; /* every rule names one within a year */
	time_t seconds = (time_t)(after / 1000);
	struct tm from;

	localtime_r(&seconds, &from);
	/* By the clock on the wall, which shows some times twice a year. */
	bool today = from.tm_hour * 60 + from.tm_min < r->hour * 60 + r->minute;
	for (int i = today ? 0 : 1; i <= DAYS; i++) {
		struct tm day = {.tm_year = from.tm_year,
				 .tm_mon = from.tm_mon,
				 .tm_mday = from.tm_mday + i,
				 .tm_hour = r->hour,
				 .tm_min = r->minute,
				 .tm_isdst = -1};
		int64_t at = (int64_t)mktime(&day) * 1000;
		if (at > after && falls_on(r, &day))
			return at;
	}
	return INT64_MAX;
}
