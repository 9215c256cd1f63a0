#include "common/store/turnstile.h"

#include "common/base/clock.h"
#include "common/base/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>

/* Most locks are held for a few milliseconds; one that is held for long is looked at less often. */
enum { SHORT_NS = 200000, LONG_NS = 2000000, SHORT_LOOKS = 100 };

int turnstile_open(const char *data_dir)
{
	char *path = mem_format("%s/run", data_dir);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(path);
	return fd;
}

void turnstile_pause(int looks)
{
	const struct timespec wait = {.tv_nsec = looks < SHORT_LOOKS ? SHORT_NS : LONG_NS};

	nanosleep(&wait, NULL);
}

void turnstile_enter(int fd, int64_t patience)
{
	int64_t since = clock_monotonic();

	for (int looks = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0; looks++) {
		if (clock_monotonic() - since >= patience)
			return;
		turnstile_pause(looks);
	}
}

void turnstile_leave(int fd)
{
	if (fd >= 0)
		flock(fd, LOCK_UN);
}
