#pragma once

/*
 * The earlier decisions that an event is decided with: as the store keeps them, or in memory alone
 * while telegrams are played back.
 */

#include "common/hazard/decide.h"
#include "common/store/decision.h"

struct history {
	struct past *list;
	size_t count;
};

/*
 * What the store knows that can matter for the event: decisions about its hazard, for an early
 * warning those about earthquakes too, not older than the rules can look back. `drill`: of the
 * event's telegram. The caller frees.
 */
MUST_USE enum store_status history_load(struct store *store, const struct rules *rules,
					const struct hazard_event *event, int64_t drill,
					int64_t now, struct history *history);

/* Puts a decision behind the others, and takes what it settles for settled. */
void history_add(struct history *history, const struct hazard_event *event,
		 const struct decision *decision, int64_t id, int64_t at, int64_t broadcast);

/*
 * The regions with the highest level each that these broadcasts were for. The caller frees; NULL
 * where there are none.
 */
MUST_USE struct acted *history_regions(const struct history *history, const int64_t *broadcasts,
				       size_t broadcast_count, size_t *count);

/* These are not held any more. */
void history_settle(struct history *history, const int64_t *ids, size_t count);

/* The held decision that is due first and not later than `now`; NULL: none. */
const struct past *history_due(const struct history *history, int64_t now);

void history_free(struct history *history);

/* JSON texts as the store keeps them; the caller frees. */
MUST_USE char *history_keys_json(const struct hazard_event *event);
MUST_USE char *history_acted_json(const struct decision *decision);
