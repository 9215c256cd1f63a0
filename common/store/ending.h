#pragma once

/*
 * Attempts that end, many at a time: read together with their deliveries, and closed together, each with
 * its row of the ledger. Inside the scheduler's transaction, like delivery.h.
 *
 *	struct endings set = {0};
 *	endings_add(&set, 812);
 *	status = endings_load(store, &set);
 *	set.list[0].outcome = OUTCOME_DELIVERED;	(and the rest, where it is open)
 *	status = endings_store(store, &set);
 *	endings_free(&set);
 */

#include "common/base/buf.h"
#include "common/store/delivery.h"

struct ending {
	/* Read; but for the attempt's id, which is given. Where it is not open, nothing else is. */
	struct attempt_state attempt;
	struct delivery delivery;
	int lane, dial_order, position, address_position, round, attempt_no; /* of the attempt */
	size_t address, reference; /* where they begin in the set's texts */

	/* To be filled in by whoever ends it. */
	enum outcome outcome; /* OUTCOME_NONE: it goes on */
	const char *detail;   /* kept by the caller; empty: none */
	int64_t finished_at;  /* UTC milliseconds */
	bool moved;           /* the delivery has changed */
};

struct endings {
	struct ending *list;
	size_t count, room;
	struct buf texts;
};

void endings_add(struct endings *set, int64_t attempt);
/* An attempt that is not there is not open; one that stands there twice is open the first time only. */
MUST_USE enum store_status endings_load(struct store *store, struct endings *set);
/* Closes those with an outcome, and saves the deliveries that moved. */
MUST_USE enum store_status endings_store(struct store *store, const struct endings *set);
void endings_clear(struct endings *set); /* keeps the memory */
void endings_free(struct endings *set);
