#pragma once

/*
 * Recomputes the ledger, names the rows that do not fit, and holds it against the rows it speaks of:
 * an attempt, a reply, a control or a broadcast that was changed, taken out or put in afterwards is
 * found. Reads one moment and changes nothing, so that it may run while the system does.
 */

#include "common/store/ledger.h"

struct ledger_fault {
	int64_t audit;      /* the row of the ledger; 0: none tells of it */
	const char *detail; /* a sentence: "attempt=40 says delivered, the ledger refused" */
};

struct ledger_verified {
	int64_t rows; /* looked at */
	int64_t told; /* of these: that speak of another row */
	int64_t faults;
	struct ledger_head head; /* the newest row */
};

struct ledger_watcher {
	/* The texts are good during the call. In order of the rows; the first is the first that
	 * does not fit. */
	void (*see)(const struct ledger_fault *fault, void *arg);
	/* Now and then: how many of how many rows are done. May be NULL. */
	void (*progress)(int64_t done, int64_t of, void *arg);
	void *arg;
};

/* `kept`: a head from before that must still be part of the ledger; may be NULL. */
MUST_USE enum store_status ledger_verify(struct store *store, const struct ledger_head *kept,
					 const struct ledger_watcher *watcher,
					 struct ledger_verified *verified);
