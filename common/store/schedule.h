#pragma once

/* What is to come, as a whole. */

#include "common/store/store.h"

/*
 * The scheduler's, inside its transaction: moves all that is still to come by so many milliseconds:
 * deliveries that wait, calls whose end is expected, the ends of broadcasts that are not over.
 */
MUST_USE enum store_status schedule_move(struct store *store, int64_t by);
