#pragma once

/*
 * Keeps a blocking session from lasting for ever, which libesmtp alone does not: its connect()
 * has no timeout at all, and its other timeouts begin anew with every byte that trickles in.
 *
 * A timer sends SIGALRM, which this module takes for itself. While there is no socket yet, the
 * signal alone interrupts connect(). Once it is known, the handler shuts it down, and all that
 * libesmtp does on it fails at once. One session at a time.
 */

#include <stdbool.h>
#include <stdint.h>

void watchdog_install(void);

/*
 * For connecting: after `ms` connect() is interrupted, and a second later each time again, so
 * that further addresses of the same name get a second each.
 */
void watchdog_connect(int64_t ms);

/* For the rest of the session: after `ms` the socket is shut down. */
void watchdog_watch(int fd, int64_t ms);

/* Shuts it down now. */
void watchdog_cut(void);

/* The session is over. Whether the time was up. */
bool watchdog_end(void);
