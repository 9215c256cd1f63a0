#include "dispatcher/master/notify.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

void notify_ready(void)
{
	sd_notifyf(0, "READY=1\nMAINPID=%d", (int)getpid());
}

void notify_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		   (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1\nSTATUS=Ending what is in flight");
}

void notify_status(const char *status)
{
	sd_notifyf(0, "STATUS=%s", status);
}

/* Half of what systemd allows, as its documentation advises. */
int64_t notify_watchdog_interval(void)
{
	uint64_t microseconds = 0;

	if (sd_watchdog_enabled(0, &microseconds) <= 0)
		return 0;
	return microseconds < 4000 ? 2 : (int64_t)(microseconds / 2000);
}

void notify_watchdog(void)
{
	sd_notify(0, "WATCHDOG=1");
}
