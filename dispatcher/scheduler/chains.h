#pragma once

/*
 * Moves deliveries: the one place that assigns a delivery's state. An event goes through the
 * escalation, and what comes out is stored.
 */

#include "dispatcher/scheduler/escalation.h"
#include "dispatcher/scheduler/scheduler.h"

/* A new delivery, from its first step on. The caller stores it. */
void chain_start(struct scheduler *s, struct run *run, struct delivery *d);
/* The same, and stores it. */
MUST_USE enum store_status chain_begin(struct scheduler *s, struct run *run, struct delivery *d);

/* An event of the escalation. The caller stores the delivery. */
void chain_event(struct scheduler *s, struct run *run, struct delivery *d, enum chain_event event);
/* The same, and stores it. */
MUST_USE enum store_status chain_apply(struct scheduler *s, struct run *run, struct delivery *d,
				       enum chain_event event);

/* Waits for a channel that is down: goes on with another step that is owed, if one can be tried. */
MUST_USE enum store_status chain_look_elsewhere(struct scheduler *s, struct run *run,
						struct delivery *d);

/* The person answered: the chain stops, whatever it was about to do. */
MUST_USE enum store_status chain_answered(struct scheduler *s, struct run *run, struct delivery *d,
					  const struct reply_fact *reply);

/* From the first step on, with another round's number: what it is to tell has changed. */
MUST_USE enum store_status chain_again(struct scheduler *s, struct run *run, struct delivery *d);

/* A mail of this delivery came back for good; `alone` as in struct comeback. */
MUST_USE enum store_status chain_came_back(struct scheduler *s, struct run *run, struct delivery *d,
					   int dial_order, int address, bool alone);

/* The broadcast's time is over. */
MUST_USE enum store_status chain_expire(struct scheduler *s, struct run *run, struct delivery *d);

/* A waiting delivery's attempt is handed over. The caller stores both. */
void chain_departs(struct run *run, struct delivery *d, int64_t attempt);

/* Waits on, until a moment (UTC). */
MUST_USE enum store_status chain_postpone(struct scheduler *s, struct delivery *d, int64_t until);

/* Laid aside while the broadcast is paused, and taken up again. */
MUST_USE enum store_status chain_shelve(struct scheduler *s, struct delivery *d, bool shelved);
