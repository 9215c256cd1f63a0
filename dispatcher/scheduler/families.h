#pragma once

/*
 * Tells families of the answers of their people: a broadcast of its own beside the one that was
 * answered, with a delivery for each family user. What it says is put together when an attempt is
 * handed over, from the newest answer, so that answers which follow each other closely make one
 * mail. A delivery's `reply` is the one that its mails tell of; 0 before the first of them.
 */

#include "dispatcher/scheduler/scheduler.h"

/* A reply was taken in: those who have not been told what it says will be. */
MUST_USE enum store_status families_tell(struct scheduler *s, const struct run *run,
					 int64_t person);

/*
 * What a family user is told, into the recipient's title and body, which stay as they are where the
 * broadcast says the same to all. *reply, where it is 0, becomes what it is told of.
 */
MUST_USE enum store_status families_word(struct scheduler *s, int64_t broadcast, int64_t person,
					 struct recipient *recipient, int64_t *reply);

/*
 * An attempt ended while the answer changed: its delivery begins again. *again says whether it
 * did.
 */
MUST_USE enum store_status families_go_on(struct scheduler *s, struct run *run, struct delivery *d,
					  bool *again);
