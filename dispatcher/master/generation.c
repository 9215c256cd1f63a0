#include "dispatcher/master/generation.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "dispatcher/master/refuse.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sysexits.h>
#include <unistd.h>

enum { LEFTOVERS_MOST = 256, NAME_ROOM = 16, KILL_WAIT_MS = 5000 };

/* the lock and the pid file */

int generation_lock(const struct settings *s, int *lock)
{
	char *path = settings_path(s, "run/tenkod.lock");
	char holder[24] = "";
	int code = EX_OK;

	*lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*lock < 0) {
		code = refuse(EX_CANTCREAT, "%s: %s", path, strerror(errno));
	} else if (flock(*lock, LOCK_EX | LOCK_NB) < 0) {
		ssize_t length = pread(*lock, holder, sizeof holder - 1, 0);
		int pid = length > 0 ? atoi(holder) : 0;
		code = refuse(
			EX_UNAVAILABLE,
			"%s: tenkod runs on this data directory already, pid %d; end it with: "
			"kill %d",
			s->tenko_data_dir, pid, pid);
		close(*lock);
		*lock = -1;
	}
	free(path);
	return code;
}

static bool write_number(int fd, int number)
{
	return ftruncate(fd, 0) == 0 && dprintf(fd, "%d\n", number) > 0;
}

int generation_sign(const struct settings *s, int lock)
{
	char *path = settings_path(s, "run/tenkod.pid");
	int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int code = EX_OK;

	if (lseek(lock, 0, SEEK_SET) < 0 || !write_number(lock, (int)getpid()) || file < 0 ||
	    !write_number(file, (int)getpid()))
		code = refuse(EX_IOERR, "%s: cannot be written: %s", path, strerror(errno));
	if (file >= 0)
		close(file);
	free(path);
	return code;
}

void generation_unsign(const struct settings *s)
{
	static const char *const files[] = {"run/tenkod.pid", "run/children"};

	for (size_t i = 0; i < LENGTH(files); i++) {
		char *path = settings_path(s, files[i]);
		unlink(path);
		free(path);
	}
}

/* the record of the children: lines "pid start-time name" */

/* A pid alone may have been given to a stranger since; with the start time it is one process.
 */
static bool start_time(int pid, uint64_t *ticks)
{
	char path[40], text[1024];

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t length = read(fd, text, sizeof text - 1);
	close(fd);
	if (length <= 0)
		return false;
	text[length] = '\0';
	/* proc(5): field 22; the second is the name in brackets, which may hold anything */
	const char *rest = strrchr(text, ')');
	return rest && sscanf(rest + 1,
			      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			      "%*d %*d %*d %" SCNu64,
			      ticks) == 1;
}

void generation_record(const struct settings *s, struct child *const *children, size_t count)
{
	char *path = settings_path(s, "run/children");
	char *fresh = settings_path(s, "run/children.new");
	FILE *file = fopen(fresh, "we");

	for (size_t i = 0; file && i < count; i++) {
		uint64_t ticks;
		if (children[i]->pid && start_time(children[i]->pid, &ticks))
			fprintf(file, "%d %" PRIu64 " %s\n", (int)children[i]->pid, ticks,
				children[i]->name);
	}
	/* Without the record a killed master's children still get its parent-death signal. */
	if (!file || fclose(file) != 0 || rename(fresh, path) < 0)
		log_warning("generation.record", "file=%s error=%s", log_quote(path),
			    log_quote(strerror(errno)));
	free(path);
	free(fresh);
}

/* the generation before */

struct leftover {
	int pid;
	char name[NAME_ROOM];
};

static nfds_t find_leftovers(const struct settings *s, struct leftover *left, struct pollfd *fds)
{
	char *path = settings_path(s, "run/children");
	FILE *file = fopen(path, "re");
	nfds_t count = 0;
	char line[128];

	while (file && count < LEFTOVERS_MOST && fgets(line, sizeof line, file)) {
		struct leftover *found = &left[count];
		uint64_t ticks, recorded;
		if (sscanf(line, "%d %" SCNu64 " %15s", &found->pid, &recorded, found->name) != 3 ||
		    found->pid <= 1)
			continue;
		int fd = pidfd_open(found->pid, 0);
		if (fd < 0)
			continue;
		if (start_time(found->pid, &ticks) && ticks == recorded)
			fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
		else
			close(fd);
	}
	if (file)
		fclose(file);
	free(path);
	return count;
}

/* Until all have ended or the time is up; the ended ones are closed and their fd is -1. */
static bool await_end(struct pollfd *fds, nfds_t count, int64_t wait_ms)
{
	int64_t end = clock_monotonic() + wait_ms;

	for (;;) {
		nfds_t running = 0;
		for (nfds_t i = 0; i < count; i++)
			running += fds[i].fd >= 0;
		int64_t left = end - clock_monotonic();
		if (!running || left < 0)
			return !running;
		if (poll(fds, count, (int)left) < 0 && errno != EINTR)
			return false;
		for (nfds_t i = 0; i < count; i++) {
			if (fds[i].fd < 0 || !fds[i].revents)
				continue;
			close(fds[i].fd);
			fds[i].fd = -1;
		}
	}
}

static void tell_all(const struct leftover *left, struct pollfd *fds, nfds_t count, int number)
{
	for (nfds_t i = 0; i < count; i++) {
		if (fds[i].fd < 0)
			continue;
		log_warning("generation.leftover", "child=%s pid=%d signal=%s", left[i].name,
			    left[i].pid, sigabbrev_np(number));
		if (pidfd_send_signal(fds[i].fd, number, NULL, 0) < 0 && errno != ESRCH)
			log_error("generation.leftover", "child=%s pid=%d error=%s", left[i].name,
				  left[i].pid, log_quote(strerror(errno)));
	}
}

void generation_end_old(const struct settings *s)
{
	struct leftover *left = mem_array(LEFTOVERS_MOST, sizeof *left);
	struct pollfd *fds = mem_array(LEFTOVERS_MOST, sizeof *fds);
	nfds_t count = find_leftovers(s, left, fds);

	tell_all(left, fds, count, SIGTERM);
	if (!await_end(fds, count, s->tenko_shutdown_grace)) {
		tell_all(left, fds, count, SIGKILL);
		(void)await_end(fds, count, KILL_WAIT_MS);
	}
	for (nfds_t i = 0; i < count; i++)
		if (fds[i].fd >= 0)
			close(fds[i].fd);
	free(left);
	free(fds);
}
