#pragma once

/*
 * Posts how the queue stands and what the scheduler measures, for monitoring (common/queue/posted.h).
 * One round trip to Redis, and a look at the store by primary key for each stream. A board that
 * cannot be written costs the figures and nothing else.
 */

#include "dispatcher/scheduler/scheduler.h"

struct posting;

/* Opens the board. */
struct posting *posting_new(const struct settings *settings);
void posting_free(struct posting *posting); /* NULL is allowed */

/* False: the belt broke. */
MUST_USE bool posting_renew(struct posting *posting, struct scheduler *s);
