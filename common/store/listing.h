#pragma once

/* The people of a broadcast, one by one, as an admin reads them. Of one moment. */

#include "common/base/vocabulary.h"
#include "common/store/states.h"
#include "common/store/store.h"

struct listing {
	int64_t broadcast;
	unsigned states;    /* set of 1 << delivery state */
	bool family;        /* the broadcast is one to families */
	const char *choice; /* only those who answered this; NULL: all */
};

/* Texts are good during the call only; what there is not is empty or 0. */
struct listed {
	const char *code, *name;
	const char *group, *group_name;
	enum delivery_state state;
	const char *choice; /* of the newest answer, whether or not the scheduler has seen it */
	const char *items;  /* JSON array */
	const char *comment;
	enum reply_way way;
	const char *by;
	int64_t answered_at;
	enum channel channel; /* of the last attempt */
	enum outcome outcome; /* NONE: it is under way */
	int64_t tried_at;
};

/*
 * Who has not answered, from an ordinal on: of a bounded number of people, so that it takes no longer
 * the more there are. *next is where to go on; -1 where that was all. Only code, name, group_name and
 * state are set.
 */
MUST_USE enum store_status listing_unanswered(struct store *store, int64_t broadcast,
					      int64_t ordinal,
					      void (*see)(const struct listed *person, void *arg),
					      void *arg, int64_t *next);

/* By group and code. */
MUST_USE enum store_status listing_each(struct store *store, const struct listing *listing,
					void (*see)(const struct listed *person, void *arg),
					void *arg);
