#pragma once

/* The log as section [log] of the settings wants it. */

#include "common/conf/settings.h"

/* At the start; `process` is kept, not copied. */
void logging_open(const char *process, const struct settings *s);
/* After the settings were read again. */
void logging_reload(const struct settings *s);
