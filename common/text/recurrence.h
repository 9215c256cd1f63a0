#pragma once

/*
 * When something comes again, as people say it, in local time:
 *
 *	daily 10:00
 *	weekly Mon 10:00
 *	monthly 15 10:00          31: the last day of a month that is shorter
 *	monthly 1st Mon 10:00     1st to 4th, last
 *	yearly 09-01 10:00        month and day
 */

#include "common/base/must.h"
#include <stdbool.h>
#include <stdint.h>

enum recurrence_kind {
	RECURRENCE_DAILY,
	RECURRENCE_WEEKLY,
	RECURRENCE_MONTHLY_DAY,
	RECURRENCE_MONTHLY_WEEKDAY,
	RECURRENCE_YEARLY,
};

struct recurrence {
	enum recurrence_kind kind;
	int month;   /* yearly: 1..12 */
	int day;     /* monthly, yearly: 1..31 */
	int weekday; /* 0 is Sunday */
	int nth;     /* monthly by weekday: 1..4; 5: the last */
	int hour, minute;
};

#define RECURRENCE_FORMS                                                          \
	"daily 10:00, weekly Mon 10:00, monthly 15 10:00, monthly 1st Mon 10:00 " \
	"(1st to 4th, last), yearly 09-01 10:00"

MUST_USE bool recurrence_read(const char *text, struct recurrence *r);

/* The first time after a moment; UTC milliseconds. Where clocks are put forward over it, the time
 * that the clock then shows. */
MUST_USE int64_t recurrence_next(const struct recurrence *r, int64_t after);
