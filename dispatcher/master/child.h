#pragma once

/*
 * One child of the master: started, watched, started again after a wait when it dies, ended.
 *
 * A child is STARTING until it says that it serves; one that says nothing for ten seconds
 * counts as running, with a warning. One that dies leaves an obituary in the log and is started
 * again after 1 s, which doubles up to 30 s while it keeps dying young.
 */

#include "common/base/must.h"
#include "common/conf/settings.h"
#include "dispatcher/master/redis.h"
#include "dispatcher/master/spawn.h"
#include <stdbool.h>
#include <stdint.h>

struct event_base;

#define MAY(state) (1u << CHILD_##state)

/*      symbol    name        phrase                            moves to */
#define CHILD_STATES(X)                                                                    \
	X(STOPPED, "stopped", "not running", MAY(STARTING))                                \
	X(STARTING, "starting", "started, does not serve yet",                             \
	  MAY(RUNNING) | MAY(BACKOFF) | MAY(ENDING))                                       \
	X(RUNNING, "running", "serves", MAY(BACKOFF) | MAY(ENDING))                        \
	X(BACKOFF, "backoff", "died; is started again soon", MAY(STARTING) | MAY(STOPPED)) \
	X(ENDING, "ending", "was told to end", MAY(STOPPED))

#define X(symbol, name, phrase, moves) CHILD_##symbol,
enum child_state { CHILD_STATES(X) CHILD_STATE_END };
#undef X

const char *child_state_name(enum child_state state);
const char *child_state_phrase(enum child_state state);

/* The order of starting; ending goes the other way round. */
enum rank { RANK_REDIS, RANK_SCHEDULER, RANK_REPLY, RANK_WORKERS, RANKS };

struct child;

struct role {
	const char *name;    /* in the log */
	const char *program; /* in our own folder; NULL: the redis-server of the settings */
	enum rank rank;
	int64_t (*count)(const struct settings *s);
	bool numbered; /* told apart by number */
};

/* What a child's life depends on; outlives it. `changed` is called after each change of state.
 */
struct family {
	struct event_base *base;
	const struct settings *settings;
	const char *program_dir;
	const char *redis_server;
	void (*changed)(struct child *child, void *arg);
	void *arg;
};

struct child {
	const struct role *role;
	const struct family *family;
	int instance;
	char *name; /* "mail-1" */
	enum child_state state;
	pid_t pid;       /* 0: there is no process */
	int64_t started; /* monotonic, of the process */
	int64_t starts;  /* in all */
	int deaths;      /* in a row; forgotten by one that lived long enough */
	int exit_code;   /* of the last process; -1: a signal ended it */
	bool served;     /* at least once */
	bool reload_due; /* told to read the settings while it started */
	struct event *timer, *told;
	int ready_fd;
	struct redis_probe probe;
};

MUST_USE struct child *child_new(const struct role *role, int instance,
				 const struct family *family);
void child_free(struct child *child); /* leaves the process alone */

void child_start(struct child *child);
void child_reload(struct child *child);
void child_end(struct child *child);
void child_kill(struct child *child);

/* Its process ended, by waitpid()'s status. */
void child_ended(struct child *child, int status);

/* How long to wait before the next start, after so many deaths in a row, in milliseconds. */
MUST_USE int64_t child_backoff(int deaths, int exit_code);
