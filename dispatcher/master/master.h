#pragma once

/*
 * The master: owns the data directory's lock, the children and nothing else. It starts them in
 * the order of their ranks, each rank once the one before serves or is known to have trouble: a
 * crashing scheduler does not keep the reply endpoint down. It ends them the other way round.
 *
 * Fatal: what is found wrong before anything is started, and a child that says at its first
 * start, by a sysexits code, that it cannot run (settings, permissions, a port that is taken).
 * Retried: every death of a child, for ever.
 */

/* Does not return before it is told to end, or cannot start. The exit code. */
int master_main(int argc, char **argv);
