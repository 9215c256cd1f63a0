#pragma once

/* Watching a broadcast until everybody is accounted for. */

#include "dispatcher/cli/command.h"

/*
 * Redraws about once a second on a terminal, until the end, q or ctrl-C; elsewhere prints a
 * line when something has changed.
 */
MUST_USE int watch_broadcast(struct cli *cli, int64_t id);

/* A progress bar on standard error until the end. The answer (the final figures) is printed. */
MUST_USE int watch_to_end(struct cli *cli, int64_t id);
