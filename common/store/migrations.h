#pragma once

/* The schema's steps: migrations/NNN_name.sql, in order, built into the program. */

#include "common/store/store.h"

int migrations_count(void);
/* Makes the step to a version (1..), in a transaction of the caller's. */
MUST_USE enum store_status migrations_run(struct store *store, int version);
