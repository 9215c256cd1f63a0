#pragma once

/* Which children there are: the one place to name a new program. */

#include "common/base/must.h"
#include "common/conf/settings.h"
#include "dispatcher/master/child.h"

/*
 * The programs that the settings ask for are there: ours in `program_dir`, the embedded Redis's
 * anywhere in PATH (*redis_server; the caller frees; NULL where none is asked for). EX_OK, or
 * the exit code after a message.
 */
MUST_USE int roles_check(const struct settings *s, const char *program_dir, char **redis_server);

/* Makes the children, none started yet. The caller frees the array and each child. */
MUST_USE size_t roles_make(const struct family *family, struct child ***children);
