#pragma once

/*
 * Plays telegrams through the rules on a virtual clock, in memory: what would have been decided, and
 * who of the roster as it is now would have been contacted. Nothing is stored, nobody is contacted.
 */

#include "common/conf/settings.h"
#include "common/hazard/decide.h"
#include "common/store/store.h"

struct play;

/* One decision. All of it is good until `see` returns. */
struct played {
	const struct hazard_event *event;
	const struct decision *decision;
	int64_t at;            /* on the virtual clock */
	bool was_held;         /* decided again once it was due */
	int64_t broadcast;     /* 1.. of this play; 0: none */
	const int64_t *people; /* who is contacted by it, by id */
	size_t count;
	const char *fault; /* "": none */
};

/* `store` NULL: there is no roster, nobody is ever contacted. All of it outlives the play. */
MUST_USE struct play *play_new(struct store *store, const struct rules *rules,
			       void (*see)(const struct played *played, void *arg), void *arg);
void play_free(struct play *play);

/* First what was held and is due by then, then the event, which lives as long as the play. */
MUST_USE enum store_status play_event(struct play *play, const struct hazard_event *event,
				      int64_t now);
/* What is held still. */
MUST_USE enum store_status play_end(struct play *play);
