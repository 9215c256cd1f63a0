#include "common/text/moment.h"

#include <stddef.h>
#include <string.h>

/* So many digits as a number; -1 where they are none. Moves behind them. */
static int digits(const char **text, int count)
{
	int number = 0;

	for (; count > 0; count--, (*text)++) {
		if (**text < '0' || **text > '9')
			return -1;
		number = number * 10 + (**text - '0');
	}
	return number;
}

static bool one_of(const char **text, const char *set)
{
	if (!**text || !strchr(set, **text))
		return false;
	(*text)++;
	return true;
}

/* Days from 1970-01-01 in the Gregorian calendar; years begin in March, so that leap days end them. */
static int64_t days(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return 365 * y + y / 4 - y / 100 + y / 400 + of_year - 719468;
}

static int month_length(int year, int month)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return lengths[month - 1] + (month == 2 && leap);
}

/* "Z" and "+09:00"; the end of the text: the zone that was given. False: it is none. */
static bool read_zone(const char *text, int *zone)
{
	if (!*text)
		return *zone != MOMENT_ZONE_NEEDED;
	if (strcmp(text, "Z") == 0) {
		*zone = 0;
		return true;
	}
	int sign = *text == '-' ? -1 : 1;
	if (!one_of(&text, "+-"))
		return false;
	int hours = digits(&text, 2);
	one_of(&text, ":");
	int minutes = digits(&text, 2);
	*zone = sign * (hours * 60 + minutes);
	return hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59 && !*text;
}

static int read_fraction(const char **text)
{
	int ms = 0, scale = 100;

	if (!one_of(text, "."))
		return 0;
	for (; **text >= '0' && **text <= '9'; (*text)++, scale /= 10)
		ms += (**text - '0') * scale;
	return ms;
}

bool moment_read(const char *text, int zone, int64_t *utc_ms)
{
	int year = digits(&text, 4);
	bool sound = year >= 1 && one_of(&text, "-/");
	int month = sound ? digits(&text, 2) : -1;
	sound = month >= 1 && month <= 12 && one_of(&text, "-/");
	int day = sound ? digits(&text, 2) : -1;
	sound = day >= 1 && day <= month_length(year, month) && one_of(&text, "T ");
	int hour = sound ? digits(&text, 2) : -1;
	sound = hour >= 0 && hour <= 23 && one_of(&text, ":");
	int minute = sound ? digits(&text, 2) : -1;
	sound = minute >= 0 && minute <= 59 && one_of(&text, ":");
	int second = sound ? digits(&text, 2) : -1;
	if (second < 0 || second > 60) /* 60: a leap second */
		return false;
	int ms = read_fraction(&text);
	if (!read_zone(text, &zone))
		return false;
	int64_t seconds = ((days(year, month, day) * 24 + hour) * 60 + minute - zone) * 60 + second;
	*utc_ms = seconds * 1000 + ms;
	return true;
}
