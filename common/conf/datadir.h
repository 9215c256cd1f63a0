#pragma once

/*
 * Finds the files that come with the program: code tables, message templates. They lie in
 *
 *	$TENKO_DATADIR			where it is set,
 *	config/ of the build tree	two or three folders above the running program
 *					(build/bin, build/asan/bin),
 *	PREFIX/share/tenko		where `make install` puts them.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>

/*
 * The path of `name` ("regions/regions.tsv") in the first of these that has it; the caller
 * frees. Where none has it, the path in the last, so that opening it says which file is
 * missing.
 */
MUST_USE char *datadir_path(const char *name);

/*
 * Reads a table of these files line by line, passing over the heading lines; `add` may change the
 * line, and says whether it is sound. False: `fault` names file and line.
 */
MUST_USE bool datadir_read(const char *name, int heading_lines, bool (*add)(char *line, void *arg),
			   void *arg, struct buf *fault);

/* Splits a line in place; the number of fields, at most `most`. */
size_t datadir_fields(char *line, char separator, char **fields, size_t most);
