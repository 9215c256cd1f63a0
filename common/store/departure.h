#pragma once

/*
 * Deliveries that go in flight, many at a time. Only the scheduler makes them; all functions here
 * run inside its transaction.
 */

#include "common/store/delivery.h"

/* A delivery, the attempt with which it goes in flight, and what its job needs beside. */
struct departure {
	struct delivery delivery;
	struct attempt attempt;
	struct recipient recipient;
};

/*
 * For each, as the roster stands now: the person's name and language, and the address that stands at
 * the attempt's dial order: the nth (from 1, address_position) of the mail group, a telephone is the
 * first (and stands as it is dialled). For push it is what the attempt keeps of the devices, and the
 * recipient has what the job needs of them. attempt.address stays NULL where it is gone, or there is
 * no device. A person's id that is negative is a family user's (common/store/family.h), who may be
 * gone altogether. What was filled is freed by departures_free(), after a failure as well.
 */
MUST_USE enum store_status departures_load(struct store *store, struct departure *list,
					   size_t count);
void departures_free(struct departure *list, size_t count);

/*
 * Stores the attempts by the ids that they have, ascending and above attempt_newest(), and the
 * deliveries as they are: `fresh` ones were not stored before, of the others state, attempt and
 * reply may have changed.
 */
MUST_USE enum store_status departures_store(struct store *store, const struct departure *list,
					    size_t count, bool fresh);
