#pragma once

/*
 * Where the escalation stands for one person. Only the escalation (dispatcher/scheduler) gives the
 * numbers a meaning; everyone else stores and copies them.
 */

#include <stdint.h>

/* Stored with the delivery: numbers are never changed. */
enum phase {
	PHASE_DIALING = 0, /* going through the steps */
	PHASE_OWED = 1,	   /* making good what outages skipped */
	PHASE_SOFT = 2,	   /* once more for those refused for now */
	PHASE_RESTING = 3, /* until the next round */
	PHASE_FINAL = 4,   /* until the person counts as exhausted */
	PHASE_OVER = 5,
};

struct chain {
	enum phase phase;
	int round;	 /* from 0 */
	int step;	 /* index into the plan */
	int pass;	 /* tries of the step that are complete */
	int address;	 /* index of the address that is next, or being tried */
	int64_t marks;	 /* which addresses are refused, which soft; whether this pass went out */
	int64_t owed;	 /* per step, where to go on after an outage */
	int soft_passes; /* extra passes for soft addresses that were begun */
};
