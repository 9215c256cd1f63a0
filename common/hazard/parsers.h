#pragma once

/*
 * One parser per format; see hazard_read(), which calls them with at most TELEGRAM_MOST bytes. On
 * anything but HAZARD_READ what they left in *events is thrown away.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/hazard/event.h"
#include <stddef.h>

MUST_USE enum hazard_read jma_read(const void *bytes, size_t length, struct events *events,
				   struct buf *reason);
MUST_USE enum hazard_read p2pquake_read(const void *bytes, size_t length, struct events *events,
					struct buf *reason);
MUST_USE enum hazard_read cap_read(const void *bytes, size_t length, struct events *events,
				   struct buf *reason);
MUST_USE enum hazard_read alertmanager_read(const void *bytes, size_t length, struct events *events,
					    struct buf *reason);
