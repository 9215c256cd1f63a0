#pragma once

/*
 * How each person of a broadcast was reached, one by one: for the report when it is over. Of one
 * moment, by group and code.
 */

#include "common/base/vocabulary.h"
#include "common/store/states.h"
#include "common/store/store.h"

/* Texts are good during the call only. Moments are UTC milliseconds, 0: never. */
struct journey {
	const char *code, *name;
	const char *group, *group_name;
	enum delivery_state state; /* as it is known, whether or not the scheduler has seen the answer */
	bool has_contact;	   /* of the broadcast's channels, when it fanned out */
	const char *choice;	   /* of the newest answer; empty: none */
	int64_t answered_at;	   /* first */
	int64_t reached_at;	   /* first: accepted by a relay or a service, or a call was taken */
	enum channel reached_by;   /* NONE where it is not known that a message came */
	enum channel last_channel; /* of the last attempt; NONE: there was none */
	enum outcome last_outcome; /* NONE: it is under way */
};

MUST_USE enum store_status journeys_each(struct store *store, int64_t broadcast,
					 void (*see)(const struct journey *j, void *arg),
					 void *arg);

/* Ids of the newest broadcasts of a kind that were asked for before this one; *count of them. */
MUST_USE enum store_status journeys_before(struct store *store, int64_t broadcast, enum kind kind,
					   int64_t *ids, size_t room, size_t *count);
