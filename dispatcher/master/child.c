#include "dispatcher/master/child.h"

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	BACKOFF_LEAST_MS = 1000,
	BACKOFF_MOST_MS = 30000,
	LONG_LIFE_MS = 60000, /* who lived so long dies for the first time */
	REDIS_TRIES = 2,      /* starts that fail before its file is put aside */
	READY_WITHIN_MS = 10000,
	PROBE_EVERY_MS = 20,
};

static const struct {
	const char *name, *phrase;
	unsigned moves;
} states[] = {
#define X(symbol, name, phrase, moves) [CHILD_##symbol] = {name, phrase, moves},
	CHILD_STATES(X)
#undef X
};

const char *child_state_name(enum child_state state)
{
	return states[state].name;
}

const char *child_state_phrase(enum child_state state)
{
	return states[state].phrase;
}

int64_t child_backoff(int deaths, int exit_code)
{
	int64_t wait = BACKOFF_LEAST_MS;

	if (exit_code == EX_CONFIG) /* only a person can mend it */
		return BACKOFF_MOST_MS;
	for (int i = 1; i < deaths && wait < BACKOFF_MOST_MS; i++)
		wait *= 2;
	return wait < BACKOFF_MOST_MS ? wait : BACKOFF_MOST_MS;
}

static void move(struct child *child, enum child_state to)
{
	assert(states[child->state].moves & 1u << to);
	log_debug("child.state", "child=%s from=%s to=%s", child->name,
		  child_state_name(child->state), child_state_name(to));
	child->state = to;
}

static void changed(struct child *child)
{
	child->family->changed(child, child->family->arg);
}

static void set_timer(struct child *child, int64_t ms)
{
	struct timeval in = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	event_add(child->timer, &in);
}

/* starting */

/* Nothing more is awaited from a child that started. */
static void stop_waiting(struct child *child)
{
	event_del(child->timer);
	if (child->told)
		event_free(child->told);
	child->told = NULL;
	if (child->ready_fd >= 0)
		close(child->ready_fd);
	child->ready_fd = -1;
	redis_probe_close(&child->probe);
}

static void serves(struct child *child)
{
	stop_waiting(child);
	move(child, CHILD_RUNNING);
	log_info("child.running", "child=%s pid=%d started_ms=%" PRId64, child->name,
		 (int)child->pid, clock_monotonic() - child->started);
	child->served = true;
	if (child->reload_due)
		child_reload(child);
	changed(child);
}

static void on_told(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;
	char byte;

	(void)what;
	ssize_t length = read(fd, &byte, 1);
	if (length < 0)
		return;
	/* Closed without a word: it died, as we shall hear, or it does not know the custom. */
	event_del(child->told);
	if (length == 1)
		serves(child);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;
	bool embedded_redis = !child->role->program;

	(void)fd;
	(void)what;
	if (child->state == CHILD_BACKOFF) {
		child_start(child);
	} else if (embedded_redis && redis_answers(&child->probe, child->family->settings)) {
		serves(child);
	} else if (clock_monotonic() - child->started >= READY_WITHIN_MS) {
		log_warning("child.silent", "child=%s pid=%d waited_ms=%d", child->name,
			    (int)child->pid, READY_WITHIN_MS);
		serves(child);
	} else {
		set_timer(child, embedded_redis ? PROBE_EVERY_MS : READY_WITHIN_MS);
	}
}

static void command_for(const struct child *child, struct command *command)
{
	const struct family *family = child->family;
	int n = 0;

	*command = (struct command){0};
	if (!child->role->program) {
		command->words[n++] = mem_string(family->redis_server);
		command->words[n++] = mem_string("-");
		redis_configuration(family->settings, &command->input);
		return;
	}
	command->words[n++] = mem_format("%s/%s", family->program_dir, child->role->program);
	if (family->settings->file) {
		command->words[n++] = mem_string("--config");
		command->words[n++] = mem_string(family->settings->file);
	}
	if (child->role->numbered) {
		command->words[n++] = mem_string("--instance");
		command->words[n++] = mem_format("%d", child->instance);
	}
}

static bool start_process(struct child *child)
{
	struct command command;
	int ends[2] = {-1, -1};

	if (child->role->program && pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return false;
	command_for(child, &command);
	pid_t pid = spawn(&command, ends[1]);
	crash_point(CRASH_MASTER_STARTED);
	int error = errno;
	command_free(&command);
	if (ends[1] >= 0)
		close(ends[1]);
	child->ready_fd = ends[0];
	child->pid = pid > 0 ? pid : 0;
	errno = error;
	return pid > 0;
}

/* Waits, longer each time, before the next start. */
static int64_t back_off(struct child *child)
{
	int64_t wait = child_backoff(++child->deaths, child->exit_code);

	move(child, CHILD_BACKOFF);
	set_timer(child, wait);
	return wait;
}

void child_start(struct child *child)
{
	move(child, CHILD_STARTING);
	child->started = clock_monotonic();
	child->starts++;
	if (!start_process(child)) {
		int error = errno;
		stop_waiting(child);
		child->exit_code = EX_OSERR;
		int64_t wait = back_off(child);
		log_error("child.start", "child=%s error=%s again_in_ms=%" PRId64, child->name,
			  log_quote(strerror(error)), wait);
		changed(child);
		return;
	}
	log_info("child.started", "child=%s pid=%d", child->name, (int)child->pid);
	if (child->ready_fd >= 0) {
		child->told = event_new(child->family->base, child->ready_fd, EV_READ | EV_PERSIST,
					on_told, child);
		event_add(child->told, NULL);
	}
	set_timer(child, child->role->program ? READY_WITHIN_MS : PROBE_EVERY_MS);
	changed(child);
}

/* ending */

void child_reload(struct child *child)
{
	if (!child->role->program) /* Redis has nothing to read again */
		return;
	/* Before it serves, it may not listen to the signal yet, which would end it. */
	child->reload_due = child->state == CHILD_STARTING;
	if (child->state == CHILD_RUNNING)
		kill(child->pid, SIGHUP);
}

void child_end(struct child *child)
{
	if (child->state == CHILD_BACKOFF) {
		event_del(child->timer);
		move(child, CHILD_STOPPED);
		changed(child);
	} else if (child->state == CHILD_STARTING || child->state == CHILD_RUNNING) {
		stop_waiting(child);
		move(child, CHILD_ENDING);
		kill(child->pid, SIGTERM);
		changed(child);
	}
}

void child_kill(struct child *child)
{
	if (!child->pid)
		return;
	log_warning("child.killed", "child=%s pid=%d why=%s", child->name, (int)child->pid,
		    log_quote("did not end in time"));
	kill(child->pid, SIGKILL);
}

/* "exit=1", or "signal=SEGV core=yes" */
static char *cause_of_death(int status)
{
	if (WIFEXITED(status))
		return mem_format("exit=%d", WEXITSTATUS(status));
	const char *signal_name = sigabbrev_np(WTERMSIG(status));
	return mem_format("signal=%s core=%s", signal_name ? signal_name : "unknown",
			  WCOREDUMP(status) ? "yes" : "no");
}

void child_ended(struct child *child, int status)
{
	int64_t lived = clock_monotonic() - child->started;
	char *cause = cause_of_death(status);
	pid_t pid = child->pid;
	bool never_served = child->state == CHILD_STARTING;

	stop_waiting(child);
	child->pid = 0;
	child->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (child->state == CHILD_ENDING) {
		move(child, CHILD_STOPPED);
		log_info("child.ended", "child=%s pid=%d %s lived_ms=%" PRId64, child->name,
			 (int)pid, cause, lived);
	} else {
		if (lived >= LONG_LIFE_MS)
			child->deaths = 0;
		int64_t wait = back_off(child);
		log_error("child.died",
			  "child=%s pid=%d %s lived_ms=%" PRId64 " deaths=%d again_in_ms=%" PRId64,
			  child->name, (int)pid, cause, lived, child->deaths, wait);
	}
	if (!child->role->program && never_served && WIFEXITED(status) &&
	    child->deaths == REDIS_TRIES)
		redis_set_aside(child->family->settings);
	free(cause);
	changed(child);
}

/* birth and burial */

struct child *child_new(const struct role *role, int instance, const struct family *family)
{
	struct child *child = mem_alloc(sizeof *child);

	*child = (struct child){
		.role = role,
		.family = family,
		.instance = instance,
		.name = role->numbered ? mem_format("%s-%d", role->name, instance)
				       : mem_string(role->name),
		.state = CHILD_STOPPED,
		.ready_fd = -1,
		.probe = {.fd = -1},
	};
	child->timer = evtimer_new(family->base, on_timer, child);
	return child;
}

void child_free(struct child *child)
{
	if (!child)
		return;
	stop_waiting(child);
	event_free(child->timer);
	free(child->name);
	free(child);
}
