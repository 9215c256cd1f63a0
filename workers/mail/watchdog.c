#include "workers/mail/watchdog.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>

static volatile sig_atomic_t watched = -1;
static volatile sig_atomic_t barked;

static void bark(int number)
{
	int error = errno;

	(void)number;
	barked = 1;
	if (watched >= 0)
		shutdown(watched, SHUT_RDWR);
	errno = error;
}

void watchdog_install(void)
{
	struct sigaction action = {.sa_handler = bark}; /* no SA_RESTART: interrupts connect() */
	sigset_t alarm_only;

	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm_only, NULL);
}

static struct timeval of_ms(int64_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static void start(int64_t ms, int64_t again)
{
	struct itimerval timer = {.it_value = of_ms(ms > 0 ? ms : 1), .it_interval = of_ms(again)};

	setitimer(ITIMER_REAL, &timer, NULL);
}

void watchdog_connect(int64_t ms)
{
	watched = -1;
	barked = 0;
	start(ms, 1000);
}

void watchdog_watch(int fd, int64_t ms)
{
	barked = 0;
	watched = fd;
	start(ms, 1000);
}

void watchdog_cut(void)
{
	if (watched >= 0)
		shutdown(watched, SHUT_RDWR);
}

bool watchdog_end(void)
{
	const struct itimerval off = {0};

	setitimer(ITIMER_REAL, &off, NULL);
	watched = -1;
	return barked;
}
