#pragma once

/* The processes of this system on this machine: tenkod and those it started, from /proc. */

#include "common/base/must.h"
#include "common/conf/settings.h"
#include <stddef.h>
#include <stdint.h>

enum { LOCAL_MOST = 256 };

struct local_process {
	char name[32]; /* as the kernel has it: cut at 15 bytes */
	int64_t pid, parent;
	int64_t ticks;     /* of processor time, until now */
	int64_t seconds;   /* since it was started */
	int64_t memory_kb; /* resident */
};

/* At most LOCAL_MOST, tenkod first; 0: tenkod does not run here. */
MUST_USE size_t local_processes(const struct settings *settings, struct local_process *list);

/* Per cent of one processor between two looks, so many milliseconds apart. */
MUST_USE double local_percent(int64_t ticks, int64_t ms);
