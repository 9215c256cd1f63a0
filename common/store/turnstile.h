#pragma once

/*
 * Who waits to write comes next. SQLite gives its lock to whoever asks at the right moment, and a
 * process that makes one transaction after the other asks at the right moment more often than one
 * that has waited for long. So everybody passes a turnstile before they ask: while somebody stands
 * in it and waits for the lock, the one who has just let go of it stays behind.
 *
 * It is courtesy, no guard: who cannot get in for a while goes around it, and where there is no
 * turnstile nobody misses it. It is a lock (flock) on the folder `run` of the data directory, which the
 * system lets go of when a process dies.
 */

#include "common/base/must.h"
#include <stdint.h>

/* For turnstile_enter(); -1: there is none. The caller closes it. */
MUST_USE int turnstile_open(const char *data_dir);

/* Waits until nobody else stands in it, so many milliseconds at most. -1 is allowed for `fd`. */
void turnstile_enter(int fd, int64_t patience);
void turnstile_leave(int fd);

/* How long who waits for a lock sleeps before looking again, after so many looks. */
void turnstile_pause(int looks);
