#pragma once

/*
 * Time. Intervals are measured on the monotonic clock; moments that are stored are UTC.
 * Both in milliseconds. The source can be replaced for tests and drills.
 */

#include <stdint.h>

struct clock_source {
	int64_t (*utc)(void);       /* milliseconds since 1970-01-01T00:00:00Z */
	int64_t (*monotonic)(void); /* milliseconds since some fixed moment */
};

int64_t clock_utc(void);
int64_t clock_monotonic(void);

/* NULL puts the real clocks back. The source must outlive its use. */
void clock_replace(const struct clock_source *source);

/* "2026-11-21T04:05:06.789Z"; returns `text`, which holds at least CLOCK_TEXT bytes. */
enum { CLOCK_TEXT = 32 };
char *clock_utc_text(int64_t utc_ms, char *text);

/* "2026-11-21 13:05:06" in the local zone (TZ), for people's eyes. */
char *clock_local_text(int64_t utc_ms, char *text);
