#pragma once

/*
 * Finds the files that come with the program: code tables, message templates. They lie in
 *
 *	$TENKO_DATADIR			where it is set,
 *	config/ of the build tree	two or three folders above the running program
 *					(build/bin, build/asan/bin),
 *	PREFIX/share/tenko		where `make install` puts them.
 */

#include "common/base/must.h"

/*
 * The path of `name` ("regions/regions.tsv") in the first of these that has it; the caller
 * frees. Where none has it, the path in the last, so that opening it says which file is
 * missing.
 */
MUST_USE char *datadir_path(const char *name);
