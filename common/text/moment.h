#pragma once

/* Moments as texts from outside give them. */

#include "common/base/must.h"
#include <stdbool.h>
#include <stdint.h>

enum {
	MOMENT_ZONE_NEEDED = -1, /* a text without a zone is refused */
	MOMENT_JST = 540,        /* minutes east of Greenwich */
};

/*
 * "2011-03-11T14:48:00+09:00", "2009-08-10T20:09:11.5Z" (RFC 3339), "2019/06/18 22:22:00.123": date
 * and time to the second, perhaps a fraction, perhaps a zone; without one the zone is `zone`
 * minutes east of Greenwich. To UTC milliseconds. False: it is none, or no such day.
 */
MUST_USE bool moment_read(const char *text, int zone, int64_t *utc_ms);
