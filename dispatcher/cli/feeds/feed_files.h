#pragma once

/* Telegrams from files. */

#include "dispatcher/cli/command.h"

struct feed_file {
	char *name; /* as it was given, or the folder's and its own */
	char *bytes;
	size_t length;
};

struct feed_files {
	struct feed_file *list;
	size_t count;
};

/*
 * Adds a file, or each file of a folder in order of name (not those below it, nor hidden ones).
 * EX_OK, or the exit code after a message. The caller frees in any case.
 */
MUST_USE int feed_files_add(struct cli *cli, const char *path, struct feed_files *files);
void feed_files_free(struct feed_files *files);
