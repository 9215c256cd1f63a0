#include "dispatcher/master/background.h"

#include "common/base/mem.h"
#include "common/base/ready.h"
#include "dispatcher/master/refuse.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000, SHOWN = 4000 };

static bool stderr_is_file(void)
{
	struct stat about;
	return fstat(STDERR_FILENO, &about) == 0 && S_ISREG(about.st_mode);
}

int background_log(const struct settings *s, const char *given, bool daemon, char **opened)
{
	*opened = NULL;
	if (given)
		*opened = mem_string(given);
	else if (daemon && !stderr_is_file())
		*opened = settings_path(s, "tenko.log");
	else
		return EX_OK;
	/* Appended to, so that it can be copied and cut while we write. */
	int fd = open(*opened, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return refuse(EX_CANTCREAT, "%s: the log cannot be opened by user %d: %s", *opened,
			      (int)geteuid(), strerror(errno));
	if (!daemon) /* a daemon still has who started it to talk to */
		dup2(fd, STDERR_FILENO);
	close(fd);
	return EX_OK;
}

/* the parent */

/* What was written to the log since we started. */
static void show_log(const char *log, off_t from)
{
	char text[SHOWN];
	int fd = log ? open(log, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	off_t end = lseek(fd, 0, SEEK_END);
	if (end - from > SHOWN)
		from = end - SHOWN;
	ssize_t length = pread(fd, text, sizeof text, from);
	if (length > 0)
		fprintf(stderr, "%.*s", (int)length, text);
	close(fd);
}

static off_t size_of(const char *path)
{
	struct stat about;
	return path && stat(path, &about) == 0 ? about.st_size : 0;
}

static _Noreturn void wait_for_daemon(pid_t daemon, int told, const char *log, off_t log_size)
{
	struct pollfd p = {.fd = told, .events = POLLIN};
	const char *where = log ? log : "the log";
	int status = 0, ready;
	char byte;

	do {
		ready = poll(&p, 1, PATIENCE_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready == 0) {
		int code =
			refuse(EX_TEMPFAIL,
			       "pid %d runs, but not all children are up yet; it goes on trying, "
			       "see %s",
			       (int)daemon, where);
		exit(code);
	}
	if (read(told, &byte, 1) == 1)
		exit(EX_OK);
	waitpid(daemon, &status, 0);
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
	code = refuse(code ? code : EX_SOFTWARE, "could not start; from %s:", where);
	show_log(log, log_size);
	exit(code);
}

/* the daemon */

static void leave_terminal(const char *log)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int out = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	setsid();
	/* The working directory stays: paths in the settings may be relative to it. */
	dup2(null, STDIN_FILENO);
	if (out >= 0)
		dup2(out, STDERR_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	if (null > STDERR_FILENO)
		close(null);
	if (out > STDERR_FILENO)
		close(out);
}

void background_enter(const char *log)
{
	char number[16];
	off_t log_size = size_of(log);
	int told[2];

	if (pipe2(told, O_CLOEXEC) < 0)
		exit(refuse(EX_OSERR, "no pipe: %s", strerror(errno)));
	pid_t pid = fork();
	if (pid < 0)
		exit(refuse(EX_OSERR, "cannot fork: %s", strerror(errno)));
	if (pid > 0) {
		close(told[1]);
		wait_for_daemon(pid, told[0], log, log_size);
	}
	close(told[0]);
	leave_terminal(log);
	snprintf(number, sizeof number, "%d", told[1]);
	setenv(READY_VARIABLE, number, 1);
}
