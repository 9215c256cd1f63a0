#pragma once

/* When an address is asked again. Pure; everything in milliseconds. */

#include "common/base/must.h"
#include <stdint.h>

/*
 * How long to wait after a sound answer. Feeds that change every minute are best asked shortly
 * after: whole minutes aim at 20 s past, a little later by `chance` so that not everybody comes at
 * once. `utc` is now.
 */
MUST_USE int64_t rhythm_wait(int64_t interval, int64_t utc, unsigned chance);

/*
 * After `failures` in a row, from 1: 5 s, or the interval where that is shorter, doubling up to ten
 * minutes; `asked`, what the other side asks for (Retry-After), goes before, up to an hour.
 */
MUST_USE int64_t rhythm_back_off(int64_t interval, int failures, int64_t asked, unsigned chance);
