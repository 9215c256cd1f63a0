#pragma once

/* How far a long command is, on standard error: nothing in the first two seconds, then a line every
 * two. */

#include "dispatcher/cli/command.h"
#include <stdint.h>

struct progress {
	const struct cli *cli;
	const char *what; /* "rows of the ledger" */
	int64_t said_at;  /* monotonic */
};

struct progress progress_begin(const struct cli *cli, const char *what);
/* `arg` is the struct progress. */
void progress_tell(int64_t done, int64_t of, void *arg);
