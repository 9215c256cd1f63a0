#pragma once

/*
 * Takes from the running process, for good, the rights that it does not need: so that a fault in
 * what reads bytes from outside opens little. Files and TCP ports by landlock(7), calls of the kernel
 * by seccomp(2), setuid programs by PR_SET_NO_NEW_PRIVS, core files by their limit.
 *
 *	struct guard guard = {0};
 *	guard_allow(&guard, "/var/lib/tenko", GUARD_READ);
 *	guard_enter(&guard);
 *
 * Best effort: what the kernel lacks is said in the log once, and the rest is done. Files that are
 * open already stay so. What is allowed is allowed beneath a folder, too; a file that is put in the
 * place of an allowed one is another file.
 */

#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>

enum guard_access {
	GUARD_READ = 1,
	GUARD_WRITE = 2, /* files that are there */
	GUARD_MAKE = 4,  /* in a folder: make, rename and remove files and sockets */
	GUARD_MOVE = 8,  /* beside GUARD_MAKE: also from one folder to another, links too */
};

enum { GUARD_PORTS = 4 };

struct guard {
	size_t count;
	struct guard_rule {
		char *path;
		unsigned access;
	} * rule;
	bool few_ports; /* TCP connections to these ports only; else to all */
	size_t ports;
	int port[GUARD_PORTS];
};

/* Copies the path. What is not there is passed over. */
void guard_allow(struct guard *guard, const char *path, unsigned access);

/* The folder of a file, by its name and by where its links lead to: files change there. */
void guard_allow_folder_of(struct guard *guard, const char *file, unsigned access);

/* What every program reads: libraries, time zones, certificates, names of hosts. */
void guard_allow_system(struct guard *guard);

/* From then on only to the ports that are allowed. */
void guard_allow_connect(struct guard *guard, int port);

/* From then on to nobody, but for the ports that are allowed. */
void guard_connect_nowhere(struct guard *guard);

/* At the beginning of a program: no core files, no look into it by others, no new privileges. */
void guard_begin(void);

/* Gives up everything else. Nothing can be listened at any more, and no program be started. */
void guard_enter(const struct guard *guard);

/* A file or folder to read that is there and that only the guard hides; NULL: there is none. */
const char *guard_hides(const struct guard *guard);

void guard_clear(struct guard *guard);
