#pragma once

/* Whether Redis is fit to be the belt: for `tenko doctor`. */

#include "common/base/must.h"
#include "common/conf/settings.h"
#include <stdbool.h>
#include <stdint.h>

enum { HEALTH_TEXT = 200 };

struct redis_health {
	bool reached;
	bool writable;      /* a key of ours could be set and taken away */
	bool tcp, password; /* how the settings have it spoken to */
	bool aof, aof_sound;
	char version[32];
	char policy[32];       /* maxmemory_policy */
	int64_t memory_most;   /* bytes; 0: no limit */
	int64_t memory;        /* bytes in use */
	char why[HEALTH_TEXT]; /* not reached, or not writable: a sentence without secrets */
};

void redis_health_read(const struct settings *settings, struct redis_health *health);
