#pragma once

/*
 * What befalls the scheduler: it is killed at one of its calls of store or belt, or one of these
 * fails. Counted in calls, so that every boundary between two of them is hit.
 *
 * A scheduler that was killed cannot be taken off the stack: from that call on nothing it does has
 * an effect, every call fails, and once it has come back its memory is dropped.
 */

#include <stdbool.h>

struct faults {
	int dies_in, store_fails_in, belt_breaks_in; /* calls from now; 0: does not */
	int fails_for;                               /* calls of the store, once it fails */
	int partly;                                  /* how much of a pipeline still goes through */
	bool dead;
};

/* Counts a call; whether it goes through. */
static inline bool fault_call(struct faults *f)
{
	if (f->dies_in > 0 && --f->dies_in == 0)
		f->dead = true;
	return !f->dead;
}

static inline bool fault_store(struct faults *f)
{
	if (!fault_call(f))
		return false;
	if (f->store_fails_in > 1) {
		f->store_fails_in--;
		return true;
	}
	if (f->store_fails_in == 1) {
		if (--f->fails_for <= 0)
			f->store_fails_in = 0;
		return false;
	}
	return true;
}

static inline bool fault_belt(struct faults *f)
{
	if (!fault_call(f))
		return false;
	return !(f->belt_breaks_in > 0 && --f->belt_breaks_in == 0);
}
