#include "common/base/crash.h"

#ifdef TENKO_CRASH_POINTS

#include "common/base/mem.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define X(symbol, name, where) [CRASH_##symbol] = (name),
static const char *const names[CRASH_POINTS] = {
#include "common/base/crash.def"
};
#undef X

static unsigned long passes[CRASH_POINTS];

/* Whether it is this process that may die of it: the first to leave the mark. */
static bool spend(const char *order)
{
	const char *folder = getenv("TENKO_CRASH_SPENT");

	if (!folder)
		return true;
	char *path = mem_format("%s/%s", folder, order);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	free(path);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

void crash_point(enum crash_point point)
{
	char order[80];
	const char *orders = getenv("TENKO_CRASH"), *found;

	if (!orders)
		return;
	int length = snprintf(order, sizeof order, "%s:%lu", names[point], ++passes[point]);
	for (found = orders; (found = strstr(found, order)); found += length) {
		bool whole = (found == orders || found[-1] == ' ') &&
			     (found[length] == ' ' || found[length] == '\0');
		if (whole && spend(order))
			raise(SIGKILL);
	}
}

#endif
