#pragma once

/*
 * A child tells the master that it serves now: sockets bound, store open. The master waits for
 * this before it starts the next child and before `tenkod --daemon` returns to the shell.
 *
 * Calling it again, or without a master, does nothing.
 */

#define READY_VARIABLE "TENKO_READY_FD" /* the writing end of a pipe; one byte means ready */

void ready_tell(void);
