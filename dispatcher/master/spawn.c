#include "dispatcher/master/spawn.h"

#include "common/base/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

void command_free(struct command *command)
{
	for (int i = 0; command->words[i]; i++)
		free(command->words[i]);
	buf_free(&command->input);
	*command = (struct command){0};
}

/* The end to read from, with all the input in it already: nobody waits for anybody. */
static int open_input(const struct buf *input)
{
	int ends[2];

	if (!input->length)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	ssize_t written = write(ends[1], input->data, input->length);
	close(ends[1]);
	if (written == (ssize_t)input->length)
		return ends[0];
	close(ends[0]);
	errno = EMSGSIZE;
	return -1;
}

static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The variables of the master's own conversation with who started it. */
static void clean_environment(int ready_fd)
{
	static const char *const masters[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
					      "LISTEN_FDS",    "LISTEN_PID",    READY_VARIABLE};
	char number[16];

	for (size_t i = 0; i < LENGTH(masters); i++)
		unsetenv(masters[i]);
	if (ready_fd < 0)
		return;
	snprintf(number, sizeof number, "%d", ready_fd);
	setenv(READY_VARIABLE, number, 1);
	fcntl(ready_fd, F_SETFD, 0);
}

static _Noreturn void become(const struct command *command, pid_t master, int input, int ready_fd)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != master) /* it died before the line above */
		_exit(EX_TEMPFAIL);
	fcntl(input, F_SETFL, 0);
	dup2(input, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	/* Whatever else we inherited or hold is not theirs. */
	close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
	clean_environment(ready_fd);
	reset_signals();
	execv(command->words[0], command->words);
	dprintf(STDERR_FILENO, "tenkod: %s: cannot be executed: %s\n", command->words[0],
		strerror(errno));
	_exit(EX_UNAVAILABLE);
}

pid_t spawn(const struct command *command, int ready_fd)
{
	sigset_t all, before;
	pid_t master = getpid();
	int input = open_input(&command->input);

	if (input < 0)
		return -1;
	/* Blocked, so that no handler of ours runs in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		become(command, master, input, ready_fd);
	int error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(input);
	errno = error;
	return pid;
}
