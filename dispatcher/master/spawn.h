#pragma once

/*
 * A process of ours: in a group of its own (a Ctrl-C at the terminal is the master's to
 * handle), with fresh signals, its standard output led to the log, and gone when the master is
 * gone.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <sys/types.h>

enum { COMMAND_WORDS = 6 };

struct command {
	char *words[COMMAND_WORDS + 1]; /* words[0] is the path; owned; NULL behind the last */
	struct buf input; /* its standard input, at most a pipe's worth; empty: none */
};

void command_free(struct command *command);

/*
 * `ready_fd`: the writing end of the pipe for ready_tell(), or -1. Returns the pid, or -1 with
 * errno. A program that cannot be executed exits EX_UNAVAILABLE.
 */
MUST_USE pid_t spawn(const struct command *command, int ready_fd);
