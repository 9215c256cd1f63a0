#pragma once

/* Where the log goes, and the way to the background. */

#include "common/base/must.h"
#include "common/conf/settings.h"

/*
 * Leads the standard error stream to `given`, or, for a daemon whose standard error is no file,
 * to tenko.log in the data directory; else leaves it alone. *opened is the path, NULL where it
 * was left alone; the caller frees. EX_OK, or the exit code after a message.
 */
MUST_USE int background_log(const struct settings *s, const char *given, bool daemon,
			    char **opened);

/*
 * Forks, and returns in the child only, which is the daemon. The parent waits until it calls
 * ready_tell() and exits EX_OK; with the daemon's exit code and the end of its log where it
 * could not start; EX_TEMPFAIL where it still tries after half a minute.
 */
void background_enter(const char *log);
