#pragma once

/*
 * One tenkod and its children are a generation; a data directory has one at a time. In its run/
 * folder lie the lock (tenkod.lock, held as long as we live), the pid (tenkod.pid) and a record
 * of the children (children), by which the next generation finds those that outlived a killed
 * master.
 */

#include "common/base/must.h"
#include "common/conf/settings.h"
#include "dispatcher/master/child.h"

/* Takes the lock. EX_OK, or the exit code after a message that names who holds it. */
MUST_USE int generation_lock(const struct settings *s, int *lock);

/* Writes our pid into the lock and the pid file; again after a fork. */
MUST_USE int generation_sign(const struct settings *s, int lock);
void generation_unsign(const struct settings *s); /* removes pid file and record */

void generation_record(const struct settings *s, struct child *const *children, size_t count);

/*
 * Ends what is left of the generation before: SIGTERM (the kernel sent one already when its
 * master died), shutdown_grace, SIGKILL. Returns when they are gone.
 */
void generation_end_old(const struct settings *s);
