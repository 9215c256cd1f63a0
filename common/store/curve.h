#pragma once

/* What a picture of a broadcast shows beside its figures, from kept counters. */

#include "common/store/store.h"
#include <stddef.h>

/* How many had answered by then. */
struct curve_point {
	int64_t at; /* UTC milliseconds */
	int64_t answers;
};
/* In order of time, at most `room` of them, the last as of now. An answer changed counts again. */
MUST_USE enum store_status curve_load(struct store *store, int64_t broadcast,
				      struct curve_point *points, size_t room, size_t *count);

struct group_figure {
	char *name; /* owned */
	int64_t people, answered;
};
/* Those with the most people who have not answered first, at most `room`. */
MUST_USE enum store_status group_figures_load(struct store *store, int64_t broadcast,
					      struct group_figure *groups, size_t room,
					      size_t *count);
void group_figures_free(struct group_figure *groups, size_t count); /* the names */
