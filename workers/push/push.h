#pragma once

/*
 * The push channel: one job is a notification to all devices of a person, one batch is sent side
 * by side.
 *
 *	delivered	one device at least took it
 *	refused		every device is gone, or refuses it for good
 *	else		what the best of them came to: an outage, refused for now, unknown
 *
 * Devices that are gone are reported with the result, and the scheduler forgets them.
 */

#include "workers/worker.h"

extern const struct worker_channel push_channel;
