#pragma once

/* What was asked of a broadcast and not acted on yet; asking is in broadcast.h. Reading only. */

#include "common/store/states.h"
#include "common/store/store.h"

/* The newest verb that moves the broadcast's state; CONTROL_NONE where nothing is pending. */
MUST_USE enum store_status control_pending(struct store *store, int64_t broadcast,
					   enum control_verb *verb);
