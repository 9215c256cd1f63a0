#pragma once

/* What the table of settings cannot say: values that must be sound in themselves. */

#include "common/base/buf.h"
#include "common/conf/settings.h"

/* Appends a line for each fault; none where all is sound. */
void config_check_values(const struct settings *s, const char *file, struct buf *faults);
