#pragma once

/*
 * For common/hazard: what one rule decided before that bears on an event. Reports belong together
 * where they share an event id, directly or by way of others; and earthquakes and tsunami also where
 * they are within the rule's guard of each other in time and have a region in common.
 *
 * An intensity that was measured stays true. All other dangers last, and end: once a later report
 * says so, the same level is news again.
 */

#include "common/hazard/acted.h"

struct record {
	const struct rule *rule;
	const struct hazard_event *event;
	const struct past *history;
	size_t history_count;
	const struct past **linked; /* the earlier decisions that belong to the event */
	size_t linked_count;
};

/* The arguments must outlive it. */
void record_open(struct record *record, const struct rule *rule, const struct hazard_event *event,
		 const struct past *history, size_t history_count);
void record_close(struct record *record);

/* Whether it sent something that was not taken back since. */
MUST_USE bool record_stands(const struct record *record, const struct past *past);
/* The cancel that takes the event back and is later than it; NULL: none. */
MUST_USE const struct past *record_taken_back(const struct record *record);

/* The highest level for which people in that region have been contacted; 0: they have not. */
MUST_USE int record_level(const struct record *record, const char *region, const char *what);
/* The same of other events that were sent for at most `window` ms before `now`; *past: the last. */
MUST_USE int record_level_of_others(const struct record *record, const char *region,
				    const char *what, int64_t now, int64_t window,
				    const struct past **past);

/* What was acted on, under the event's own ids, and is over by what the event says: MARK_ENDED. */
void record_ended(const struct record *record, struct acted_list *ended);
/*
 * The regions by which the event belongs with reports under other ids: MARK_JOINED. Later reports that
 * name them are of the same event too, though nothing was sent for them under these ids.
 */
void record_joined(const struct record *record, struct acted_list *joined);

/*
 * Whether everybody whom `past` contacted was told of all that `regions` is about: then they need
 * not be contacted again. By level: at that level or a higher one.
 */
MUST_USE bool record_told(const struct record *record, const struct past *past,
			  const struct acted_list *regions, bool by_level);

/* Whether it is held and waits. */
MUST_USE bool record_waits(const struct past *past);
/* What of it has not ended since. */
void record_held(const struct record *record, const struct past *past, struct acted_list *list);

/* How many other events were sent for in the `window` ms before `now`, and their highest level. */
MUST_USE int64_t record_sent_for(const struct record *record, int64_t now, int64_t window,
				 int *highest);

MUST_USE bool keys_shared(const char *const *a, size_t a_count, const char *const *b,
			  size_t b_count);
