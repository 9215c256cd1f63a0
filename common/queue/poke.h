#pragma once

/*
 * Poke, then poll: who appended a fact tells the process that acts on it by an empty datagram to
 * a unix socket in the data directory (run/scheduler.sock). A lost poke costs one poll interval.
 */

#include "common/base/must.h"
#include "common/conf/settings.h"
#include <stdbool.h>

/* Who listens. */
enum poked { POKED_SCHEDULER, POKED_FEED };

/* Sends one to the scheduler; never blocks. False: nobody listens. */
bool poke_send(const struct settings *settings);
/* The same to whom one likes. */
bool poke_send_to(const struct settings *settings, enum poked who);

/* The listening end, non-blocking; -1 with errno on failure. */
MUST_USE int poke_listen(const struct settings *settings, enum poked who);
void poke_drain(int fd);
