#pragma once

/* Tells systemd, where it listens (NOTIFY_SOCKET); elsewhere these do nothing. */

#include "common/base/must.h"
#include <stdint.h>

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
void notify_status(const char *status);

/* How often notify_watchdog() is expected, in milliseconds; 0: never. */
MUST_USE int64_t notify_watchdog_interval(void);
void notify_watchdog(void);
