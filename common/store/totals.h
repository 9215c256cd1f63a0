#pragma once

/*
 * Counters over everything there ever was, and what else monitoring wants to know of the store as a
 * whole. All of it is a handful of rows, however much there is.
 *
 * An attempt counts once, by how it ended first: a mail that comes back later changes the figures of
 * its broadcast, and no counter here ever falls.
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include "common/store/store.h"
#include "common/store/telegram.h"

/* The numbers are stored. Keys: channel * 256 + outcome, source * 256 + state, verdict. */
enum total {
	TOTAL_ATTEMPT = 1,
	TOTAL_DRILL = 2, /* attempts of drills, which TOTAL_ATTEMPT counts too */
	TOTAL_TELEGRAM = 3,
	TOTAL_DECISION = 4,
};

/* In the transaction of what it counts. */
MUST_USE enum store_status total_add(struct store *store, enum total what, int64_t key, int64_t n);

enum { TOTALS_VERDICTS = 16 };

struct totals {
	int64_t attempts[CHANNEL_END][OUTCOME_END];
	int64_t drill_attempts[CHANNEL_END][OUTCOME_END];
	int64_t telegrams[SOURCE_END][TELEGRAM_STATE_END];
	int64_t decisions[TOTALS_VERDICTS]; /* by verdict of common/hazard/decide.h */
	int64_t telegrams_waiting;          /* received, not read yet */
	struct {
		int64_t since; /* 0: it works, as far as anybody tried */
		char reason[256];
	} down[CHANNEL_END];
	int64_t ledger_head; /* id of the newest row */
};

MUST_USE enum store_status totals_load(struct store *store, struct totals *totals);
