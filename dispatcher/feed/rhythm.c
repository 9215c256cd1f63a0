#include "dispatcher/feed/rhythm.h"

enum {
	MINUTE = 60000,
	BEST_AT = 20000, /* past the minute */
	SPREAD = 5000,   /* by chance behind it */
	LEAST_WAIT = 10000,
	BACK_OFF_FIRST = 5000,
	BACK_OFF_MOST = 10 * MINUTE,
	ASKED_MOST = 60 * MINUTE,
};

int64_t rhythm_wait(int64_t interval, int64_t utc, unsigned chance)
{
	if (interval % MINUTE != 0)
		return interval + chance % (interval / 10 + 1);
	int64_t wait = BEST_AT - utc % MINUTE;
	if (wait < LEAST_WAIT)
		wait += MINUTE;
	return wait + interval - MINUTE + chance % SPREAD;
}

int64_t rhythm_back_off(int64_t interval, int failures, int64_t asked, unsigned chance)
{
	int64_t wait = interval < BACK_OFF_FIRST ? interval : BACK_OFF_FIRST;

	for (int i = 1; i < failures && wait < BACK_OFF_MOST; i++)
		wait *= 2;
	if (wait > BACK_OFF_MOST)
		wait = BACK_OFF_MOST;
	if (asked > ASKED_MOST)
		asked = ASKED_MOST;
	if (wait < asked)
		wait = asked;
	return wait + chance % (wait / 4 + 1);
}
