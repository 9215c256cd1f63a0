#pragma once

/* Drills that come again by themselves: what admins asked for, and when each is due next. */

#include "common/store/store.h"

struct planned_drill {
	char *name, *every; /* every: common/text/recurrence.h */
	char *title, *title_en, *body, *body_en;
	char *targets;	   /* words by blank */
	unsigned channels; /* set of 1 << channel; 0: those of the settings */
	char *made_by;
	int64_t next_at;   /* UTC milliseconds */
	int64_t broadcast; /* the newest that came of it; 0: none yet */
};
void planned_drill_free(struct planned_drill *drill); /* the texts */

/* In a transaction of the caller's, with a row of the ledger. *added false: the name is taken. */
MUST_USE enum store_status drill_add(struct store *store, const struct planned_drill *drill,
				     bool *added);
/* The same. STORE_NONE: there is none of that name. */
MUST_USE enum store_status drill_remove(struct store *store, const char *name, const char *by);

/* By the time that they are due; the drill is freed after the call. */
MUST_USE enum store_status drills_each(struct store *store,
				       void (*see)(const struct planned_drill *drill, void *arg),
				       void *arg);

/* When the next is due; INT64_MAX: there is none. */
MUST_USE enum store_status drills_next(struct store *store, int64_t *at);
/* The one that has been due the longest. STORE_NONE: none is. */
MUST_USE enum store_status drill_due(struct store *store, int64_t now,
				     struct planned_drill *drill);
/* In the transaction that acts on it: what came of it (0: nothing), and when it is due again. */
MUST_USE enum store_status drill_done(struct store *store, const char *name, int64_t broadcast,
				      int64_t next_at);
