#pragma once

/* People of a broadcast and who of them has answered, by group: counters that are kept like the others,
 * in the transaction that changes what they count (see delivery.h). */

#include "common/store/store.h"
#include <stddef.h>

struct group_count {
	int64_t broadcast, group;
	int64_t people, answered; /* how many more */
};
MUST_USE enum store_status group_tally_add(struct store *store, const struct group_count *counts,
					   size_t count);
