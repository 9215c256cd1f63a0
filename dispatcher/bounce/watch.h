#pragma once

/*
 * The process that watches the maildir of bounces (mail.bounce_maildir): looks into it every few
 * seconds, takes in what is new and tells the scheduler. It needs the store and the key of the
 * personal links, and no queue. Where the folder or the store fails it says so once, and tries on.
 */

#include "common/base/must.h"
#include "common/conf/settings.h"

/* Until SIGTERM or SIGINT; the exit code. */
MUST_USE int watch_run(struct settings *settings);
