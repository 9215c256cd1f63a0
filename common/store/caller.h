#pragma once

/* People who call in: found by their voice ID, let in by their PIN. */

#include "common/base/vocabulary.h"
#include "common/store/store.h"

enum { CALLER_WRONG_MOST = 5, CALLER_LOCKED_MS = 15 * 60 * 1000, CALLER_HASH_ROOM = 128 };

struct caller {
	int64_t person;
	enum language language;
	char pin_hash[CALLER_HASH_ROOM]; /* empty: none was set */
	int64_t wrong;                   /* PINs in a row */
	int64_t locked_until;            /* UTC milliseconds; no PIN is good before */
};

/* STORE_NONE: nobody has the ID, or that person is not active. */
MUST_USE enum store_status caller_find(struct store *store, const char *voice_id,
				       struct caller *caller);

/* Stores `wrong` and `locked_until`; in a transaction of the caller's. */
MUST_USE enum store_status caller_save(struct store *store, const struct caller *caller);

/* The newest broadcast that asks this person and whose links are still good. STORE_NONE: none. */
MUST_USE enum store_status caller_broadcast(struct store *store, int64_t person, int64_t now,
					    int64_t *broadcast);
