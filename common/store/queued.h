#pragma once

/* What the store knows of jobs in the queue. Reading only. */

#include "common/store/store.h"

/* When an attempt was handed over. STORE_NONE: no such attempt. */
MUST_USE enum store_status queued_since(struct store *store, int64_t attempt, int64_t *at);
