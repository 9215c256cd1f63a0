#pragma once

/* The settings that the system runs with, as far as the ledger tells of them. */

#include "dispatcher/scheduler/scheduler.h"

/*
 * Appends to the ledger which settings are others than when it was last told (action
 * settings.changed: their names, no values; the first time "all"). A secret that changed does not
 * show. At the start and after a reload.
 */
MUST_USE enum store_status settled_record(struct scheduler *s);
