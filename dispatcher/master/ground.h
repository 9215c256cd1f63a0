#pragma once

/*
 * The ground to stand on, looked at before anything is started: the data directory, the user to
 * run as, the programs, the lengths of socket paths. Each function prints what is wrong and
 * what to do, and returns the exit code; EX_OK means that it may go on.
 */

#include "common/base/must.h"
#include "common/conf/settings.h"

/*
 * The data directory is there, holds a database (but where workers alone run), and its path is short
 * enough for sockets.
 */
MUST_USE int ground_data_dir(const struct settings *s);

/*
 * Started as root: becomes tenko.user, or else the owner of the data directory, for good. Root
 * stays root, with a warning in the log, only where the data directory is root's.
 */
MUST_USE int ground_privileges(const struct settings *s);

/* run/ and redis/ are there (made if not), everything is writable, socket paths are short
 * enough. */
MUST_USE int ground_folders(const struct settings *s);

/* The folder of our own program; the children's programs are there too. The caller frees. */
MUST_USE char *ground_program_dir(void);

/* `name` itself where it holds a slash, else found in PATH. NULL: not there. The caller frees.
 */
MUST_USE char *ground_find_program(const char *name);
