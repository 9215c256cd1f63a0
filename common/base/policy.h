#pragma once

/*
 * What a broadcast does for each person: copied from the settings when it is asked for, so that a
 * running broadcast keeps the rules it began with. Durations in milliseconds.
 */

#include "common/base/vocabulary.h"
#include <stdint.h>

struct policy {
	int retries[CHANNEL_END]; /* further tries of a step after the first, by channel */
	int temporary_retries;	  /* extra tries of an address that was refused for now */
	int64_t retry_interval;	  /* between attempts; not between addresses of one mail group */
	int64_t final_wait;	  /* after the last attempt, before the person is exhausted */
	int rounds;		  /* 1.. */
	int64_t round_interval;
};
