#pragma once

/* The figures of one broadcast, read and printed; for all commands that show them. */

#include "dispatcher/cli/command.h"

#include "common/store/figures.h"

/* The newest where id is 0. EX_OK, or the exit code after a message. */
MUST_USE int status_load(struct cli *cli, int64_t id, struct figures **figures);

/* What must be known beside the figures: by which channels nothing goes out. */
void status_warn(struct cli *cli);

/* As the command's answer. */
void status_print(struct cli *cli, const struct figures *figures);
