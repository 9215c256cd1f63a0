#pragma once

/* For common/hazard: lists of regions with the level that is acted on there. */

#include "common/base/must.h"
#include "common/hazard/decide.h"
#include <stdbool.h>
#include <stddef.h>

struct acted_list {
	struct acted *list;
	size_t count;
};

/* Whether people in `inner` are people in `outer`: the same region, or its prefecture. */
MUST_USE bool region_covers(const char *outer, const char *inner);
/* Whether the two have people in common. */
MUST_USE bool region_meets(const char *a, const char *b);

/* One entry per region and what: the higher level stays. */
void acted_add(struct acted_list *list, const char *region, const char *what, int level);
void acted_add_all(struct acted_list *list, const struct acted *more, size_t count);
/* 0: not in the list. */
MUST_USE int acted_level(const struct acted_list *list, const char *region, const char *what);
/* The highest first, otherwise by region. */
void acted_sort(struct acted_list *list);
void acted_free(struct acted_list *list);

/*
 * What of an event a rule is for: the regions over its threshold that it names, each as narrow as
 * the two agree on.
 */
void acted_of_event(const struct rule *rule, const struct hazard_event *event,
		    struct acted_list *list);
