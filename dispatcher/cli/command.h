#pragma once

/*
 * A command of the operator's tool: one function each, in a file of its own (cmd_*.c), listed
 * in commands.def. cli.c finds it, reads the options that all share (--config, --json, --help)
 * and calls it with what is left: argv[0] is the command's name.
 *
 * A command returns its exit code (sysexits). Standard output holds the answer and nothing
 * else; messages go to standard error by cli_fail() and cli_say().
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include "common/conf/settings.h"
#include "common/store/store.h"
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct cli {
	const char *config; /* --config as given, or NULL */
	bool json;          /* --json */
	const struct command *command;
	struct settings *settings; /* by cli_settings() */
	struct store *store;       /* by cli_store() */
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

/* cli_fail() with the store's own words and the exit code that fits. */
MUST_USE int cli_store_failed(const struct cli *cli, enum store_status status);

/*
 * getopt_long() for long options only, with messages of ours: the option's `val`, -1 at the
 * end,
 * '?' where a message was printed and the command should return EX_USAGE.
 */
MUST_USE int cli_option(const struct cli *cli, int argc, char **argv, const struct option *known);

/* "tenko list: give a broadcast's id ...; see: tenko list --help"; EX_USAGE. */
MUST_USE int cli_misused(const struct cli *cli, const char *format, ...) PRINTF(2, 3);

/* An id as people type it: digits only, from 1. */
MUST_USE bool cli_read_id(const char *text, int64_t *id);

/* The answer as one line of JSON. Takes the reference. */
void cli_answer(json_t *answer);

/* A JSON text of bytes from outside; what is no UTF-8 is replaced by '?'. */
MUST_USE json_t *cli_json_text(const char *text);

/* Read once; print what is wrong and exit where they cannot be read or opened. */
struct settings *cli_settings(struct cli *cli);
struct store *cli_store(struct cli *cli);

/* The language of the settings: for the choices' names. */
enum language cli_language(struct cli *cli);

/* Who does this: $SUDO_USER, else the login name, else the uid. For the audit record. */
const char *cli_who(void);

/* Appends to the ledger in a transaction of its own. */
MUST_USE enum store_status cli_audit(struct cli *cli, const char *action, const char *subject,
				     const char *detail);

/* Tells the scheduler that there is something to read. False: it is not there; no failure. */
bool cli_poke(struct cli *cli);

/* The commands themselves; command.run. */
#define COMMAND(name, function, usage, summary, help) \
	int function(struct cli *cli, int argc, char **argv);
#include "dispatcher/cli/commands.def"
#undef COMMAND
