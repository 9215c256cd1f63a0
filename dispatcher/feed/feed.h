#pragma once

/* What the parts of tenko-feed share. */

#include "common/conf/settings.h"
#include "common/hazard/decide.h"
#include "common/store/store.h"
#include <event2/event.h>

struct pull;

struct feed {
	struct settings *settings;
	struct store *store;
	struct event_base *base;
	struct rules rules;
	struct rules drill_rules; /* the same, but an exercise is always a drill; shares the rest */
	struct pull *pull;        /* NULL: nothing is fetched */
	int64_t drill_at;   /* UTC: when the next planned drill is due */
	bool unforeseen; /* broadcasts were asked for whose forecast is to be kept */
	int64_t held_until; /* UTC, not later than when a held decision is due; INT64_MAX: none */

	/* how many people there are where, as long as the roster stays the same */
	struct head_count *people;
	size_t people_count;
	int64_t people_revision;
	bool people_known;
};
