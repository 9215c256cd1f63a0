#include "common/base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t real_utc(void)
{
	return read_clock(CLOCK_REALTIME);
}

static int64_t real_monotonic(void)
{
	return read_clock(CLOCK_BOOTTIME); /* goes on while the machine sleeps */
}

static const struct clock_source real = {real_utc, real_monotonic};
static const struct clock_source *source = &real;

int64_t clock_utc(void)
{
	return source->utc();
}

int64_t clock_monotonic(void)
{
	return source->monotonic();
}

void clock_replace(const struct clock_source *replacement)
{
	source = replacement ? replacement : &real;
}

char *clock_utc_text(int64_t utc_ms, char *text)
{
	time_t seconds = (time_t)(utc_ms / 1000);
	struct tm tm;
	char stamp[24];

	gmtime_r(&seconds, &tm);
	strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, CLOCK_TEXT, "%.19s.%03dZ", stamp, (int)(utc_ms % 1000));
	return text;
}

char *clock_local_text(int64_t utc_ms, char *text)
{
	time_t seconds = (time_t)(utc_ms / 1000);
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, CLOCK_TEXT, "%Y-%m-%d %H:%M:%S", &tm);
	return text;
}
