#pragma once

/* Faults in roster files, for import and export. */

#include "common/roster/columns.h"
#include "common/roster/faults.h"
#include "dispatcher/cli/command.h"

/*
 * One a line to standard error, "user.csv:5: column: what", or with --json all to standard output:
 * {"errors": [{"file", "row", "column", "message"}, ...], "count": of all}.
 */
void cli_print_faults(const struct cli *cli, const struct faults *faults);

/* How many of the paths are "-". */
MUST_USE int cli_count_dashes(const char *const path[ROSTER_FILES]);
