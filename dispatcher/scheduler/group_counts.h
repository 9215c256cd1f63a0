#pragma once

/* What a turn adds to the counters by group: a handful of groups, or thousands. */

#include "common/store/group_tally.h"

struct group_counts {
	struct group_count *slots; /* open addressing by group; 0: free */
	size_t room, used;	   /* room: a power of two */
};

/* `group` 0 is nobody's and is not counted. */
void group_counts_add(struct group_counts *counts, int64_t broadcast, int64_t group, int64_t people,
		      int64_t answered);
/* Stores them and begins anew. */
MUST_USE enum store_status group_counts_store(struct group_counts *counts, struct store *store);
void group_counts_free(struct group_counts *counts);
