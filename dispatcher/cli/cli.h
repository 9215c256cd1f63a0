#pragma once

/* The operator's tool as a whole. */

#include "dispatcher/cli/command.h"

/* Finds the command, runs it; the exit code. */
int cli_main(int argc, char **argv);

/* All commands, in the order that help shows them; the last has no name. */
extern const struct command cli_commands[];
const struct command *cli_command(const char *name); /* NULL: no such command */

void cli_print_overview(FILE *out);
void cli_print_help(const struct command *command, FILE *out);
