#pragma once

/* The scheduler's event loop: what wakes it, and what it does then. */

#include "common/conf/settings.h"

/* Runs until SIGTERM. The exit code. */
int loop_run(struct settings *settings);
