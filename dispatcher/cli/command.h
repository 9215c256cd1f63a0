#pragma once

/*
 * A command of the operator's tool: one function each, in a file of its own (cmd_*.c), listed in
 * commands.def. main.c finds it, reads the options that all share (--config, --json, --help) and
 * calls it with what is left: argv[0] is the command's name.
 *
 * A command returns its exit code (sysexits). Standard output holds the answer and nothing else;
 * messages go to standard error by cli_fail() and cli_say().
 */

#include "common/base/must.h"
#include "common/conf/settings.h"
#include "common/store/store.h"
#include <stdbool.h>

struct cli {
	const char *config; /* --config as given, or NULL */
	bool json;	    /* --json */
	const struct command *command;
	struct settings *settings; /* by cli_settings() */
	struct store *store;	   /* by cli_store() */
};

struct command {
	const char *name;
	const char *usage;   /* "import [--groups FILE] ..." */
	const char *summary; /* one line */
	const char *help;    /* the rest of --help: options, then an example */
	int (*run)(struct cli *cli, int argc, char **argv);
};

/* Prints "tenko import: ..." and returns `code`, to be returned by the command. */
MUST_USE int cli_fail(const struct cli *cli, int code, const char *format, ...) PRINTF(3, 4);
/* A message beside the answer: a warning, progress. */
void cli_say(const struct cli *cli, const char *format, ...) PRINTF(2, 3);

/* Read once; print what is wrong and exit where they cannot be read or opened. */
struct settings *cli_settings(struct cli *cli);
struct store *cli_store(struct cli *cli);

/* Who does this: $SUDO_USER, else the login name, else the uid. For the audit record. */
const char *cli_who(void);

/* Tells the scheduler that there is something to read; that it is not there is no failure. */
void cli_poke(struct cli *cli);
