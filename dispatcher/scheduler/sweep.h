#pragma once

/*
 * A change to all deliveries of a broadcast, in stretches like the fan-out and after it.
 * Changes can be combined; each is harmless to a delivery that has it already, so that a
 * further one just begins again at the first.
 */

#include "dispatcher/scheduler/scheduler.h"

enum {
	SWEEP_CANCEL = 1,   /* called off: waiting and in flight -> cancelled */
	SWEEP_UNSHELVE = 2, /* resumed */
	SWEEP_REMIND = 4,   /* those who did not answer begin again */
	SWEEP_EXPIRE = 8,   /* the broadcast's time is over: -> exhausted */
};

void sweep_begin(struct run *run, unsigned change);
MUST_USE enum store_status sweep_go_on(struct scheduler *s);
