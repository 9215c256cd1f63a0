#pragma once

/*
 * Poke, then poll: who appended a fact tells the scheduler by an empty datagram to a unix
 * socket in the data directory (run/scheduler.sock). A lost poke costs one poll interval.
 */

#include "common/base/must.h"
#include "common/conf/settings.h"
#include <stdbool.h>

/* Sends one; never blocks. False: nobody listens. */
bool poke_send(const struct settings *settings);

/* The listening end, non-blocking; -1 with errno on failure. */
MUST_USE int poke_listen(const struct settings *settings);
void poke_drain(int fd);
