#pragma once

/*
 * Telephone calls that were placed: their ends come as facts, each counted once however often and
 * in whatever order the provider tells of it. One whose end does not come in time is asked about
 * once; where no word of it comes after that either, nobody answered.
 */

#include "dispatcher/scheduler/scheduler.h"

/* Takes in what the reply endpoint appended. */
MUST_USE enum store_status calls_take(struct scheduler *s);

/* Sees to those that are overdue. */
MUST_USE enum store_status calls_look_after(struct scheduler *s);

/* When the next one will be, monotonic; INT64_MAX: none. */
MUST_USE enum store_status calls_next(struct scheduler *s, int64_t *at);
