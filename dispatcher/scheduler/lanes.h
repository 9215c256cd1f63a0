#pragma once

/*
 * What a waiting delivery waits for, as one number that the store has an index on: the channel
 * of its next attempt (none: only time has to pass), the lane of its broadcast, whether it is
 * parked until the channel is up again, and whether its broadcast is paused. Stored: never
 * changed.
 */

#include "common/base/vocabulary.h"
#include <stdbool.h>

enum { QUEUE_TIME_ONLY = 0, QUEUE_SHELVED = 64 };

static inline int queue_of(enum channel channel, int lane, bool parked)
{
	return channel == CHANNEL_NONE ? QUEUE_TIME_ONLY : (int)channel * 4 + lane * 2 + parked;
}
