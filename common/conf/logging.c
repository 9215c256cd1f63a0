#include "common/conf/logging.h"

#include "common/base/log.h"

#include <string.h>

static enum log_level least_level(const struct settings *s)
{
	static const char *const names[] = {
		[LOG_LEVEL_DEBUG] = "debug",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_WARNING] = "warning",
		[LOG_LEVEL_ERROR] = "error",
	};

	for (size_t i = 0; i < LENGTH(names); i++)
		if (strcmp(names[i], s->log_level) == 0)
			return (enum log_level)i;
	return LOG_LEVEL_INFO;
}

static bool full_addresses(const struct settings *s)
{
	return strcmp(s->log_addresses, "full") == 0;
}

void logging_open(const char *process, const struct settings *s)
{
	log_open(process, least_level(s), full_addresses(s));
}

void logging_reload(const struct settings *s)
{
	log_level_set(least_level(s), full_addresses(s));
}
