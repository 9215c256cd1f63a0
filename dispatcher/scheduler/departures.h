#pragma once

/*
 * Attempts on their way out: what a waiting delivery's next attempt is, and how many of them are
 * stored and put on the belt together.
 *
 *	for each delivery that is due
 *		departure_of(s, run, &d, &list[count++]);
 *	departures_address(s, list, count);   those without an address have to be dealt with
 *	departures_go(s, list, count, false);
 *	departures_free(list, count);
 */

#include "common/store/departure.h"
#include "dispatcher/scheduler/scheduler.h"

/* What the delivery's chain names; without an address yet. */
void departure_of(const struct scheduler *s, const struct run *run, const struct delivery *d,
		  struct departure *departure);

/*
 * Recipients and addresses, and what families are told. The address is NULL where the contact was
 * taken out of the roster, or has no device. The caller frees by departures_free(), in any case.
 */
MUST_USE enum store_status departures_address(struct scheduler *s, struct departure *list,
					      size_t count);

/* In flight and on the belt. `fresh` ones are stored for the first time. */
MUST_USE enum store_status departures_go(struct scheduler *s, struct departure *list, size_t count,
					 bool fresh);

/* One who rides on the call of another: nothing of theirs is put on the belt. */
MUST_USE enum store_status departure_rides(struct scheduler *s, struct departure *rider,
					   int64_t call);

/* The attempt is made and ended at once: there is nowhere to send it. */
MUST_USE enum store_status departure_fails(struct scheduler *s, struct departure *departure);
