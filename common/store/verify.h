#pragma once

/*
 * Counts everything again from the rows: that nobody is lost, that the counters agree, that every
 * attempt keeps to the rules. Reads one moment and changes nothing, so that it may run while the
 * system does.
 */

#include "common/base/vocabulary.h"
#include "common/store/store.h"

struct difference {
	const char *check;                  /* its name: "tally", "order" ... */
	int64_t broadcast, person, attempt; /* ids; 0: it is not about one */
	const char *detail;                 /* a sentence */
};

struct verified {
	int64_t broadcasts, people, attempts, replies; /* looked at */
	int64_t family; /* family users told, each time; they are none of the people */
	int64_t unread; /* replies that the scheduler has not read yet: no difference */
	int64_t differences;
};

/*
 * `see` is called for each difference; its texts are good during the call. `silence`: how many
 * milliseconds without a word make a channel count as down (settings: pacing.outage_after).
 */
MUST_USE enum store_status verify_all(struct store *store, int64_t now, int64_t silence,
				      void (*see)(const struct difference *difference, void *arg),
				      void *arg, struct verified *verified);
