#pragma once

/* Numbers and durations as they stand in a configuration file. */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stdint.h>

/* A whole number and nothing else. */
MUST_USE bool number_read(const char *value, int64_t *number);

/* "500ms", "90s", "5m", "2h", "7d"; a bare number is seconds. Not below 0. */
MUST_USE bool duration_read(const char *value, int64_t *ms);

/* With the largest unit that divides it, so that 300000 is written 5m. */
void duration_write(int64_t ms, struct buf *out);
