#include "common/conf/values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *suffix;
	int64_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

static bool read_digits(const char *value, int64_t *number, const char **rest)
{
	char *end;

	errno = 0;
	*number = strtoll(value, &end, 10);
	*rest = end;
	return end != value && errno == 0 && value[0] != ' ';
}

bool number_read(const char *value, int64_t *number)
{
	const char *rest;

	return read_digits(value, number, &rest) && !*rest;
}

bool duration_read(const char *value, int64_t *ms)
{
	const char *suffix;

	if (!read_digits(value, ms, &suffix) || *ms < 0)
		return false;
	if (*suffix == '\0')
		suffix = "s";
	for (size_t i = 0; i < LENGTH(units); i++)
		if (strcmp(suffix, units[i].suffix) == 0)
			return !__builtin_mul_overflow(*ms, units[i].ms, ms);
	return false;
}

void duration_write(int64_t ms, struct buf *out)
{
	for (size_t i = 0; i < LENGTH(units); i++) {
		if (ms % units[i].ms == 0 && (ms != 0 || units[i].ms == 1000)) {
			buf_format(out, "%" PRId64 "%s", ms / units[i].ms, units[i].suffix);
			return;
		}
	}
}
