#pragma once

/*
 * Telegrams as they were received. Appending one is a fact that anyone may write; only tenko-feed
 * reads what they say, and settles them with what follows in one transaction.
 */

#include "common/base/must.h"
#include "common/store/store.h"
#include <stddef.h>

/* Where a telegram came from. A key is unique within its source. The numbers are stored. */
#define TELEGRAM_SOURCES(X)            \
	X(ATOM, 1, "atom", "")         \
	X(P2PQUAKE, 2, "p2pquake", "") \
	X(CAP, 3, "cap", "")           \
	X(HOOK, 4, "hook", "")         \
	X(INJECTED, 5, "injected", "")

#define TELEGRAM_STATES(X)                                \
	X(RECEIVED, 1, "received", "waits to be read")    \
	X(READ, 2, "read", "was read")                    \
	X(PASSED, 3, "passed", "holds nothing to act on") \
	X(REFUSED, 4, "refused", "cannot be read")        \
	X(SKIPPED, 5, "skipped", "was not fetched")

#define X(symbol, number, name, phrase) SOURCE_##symbol = (number),
enum telegram_source { SOURCE_NONE = 0, TELEGRAM_SOURCES(X) SOURCE_END };
#undef X
#define X(symbol, number, name, phrase) TELEGRAM_##symbol = (number),
enum telegram_state { TELEGRAM_NONE = 0, TELEGRAM_STATES(X) TELEGRAM_STATE_END };
#undef X

const char *telegram_source_name(enum telegram_source source);
const char *telegram_state_name(enum telegram_state state);
const char *telegram_state_phrase(enum telegram_state state);

struct telegram {
	int64_t id;
	enum telegram_source source;
	char *key;
	int format; /* of common/hazard/event.h; 0: not known yet */
	enum telegram_state state;
	char *reason;
	int64_t drill; /* injected as a drill: the first telegram of it; else 0 */
	char *by;      /* who injected it, else "" */
	int64_t received_at;
	char *bytes; /* NULL in a list */
	size_t length;
};

void telegram_free(struct telegram *telegram); /* what it holds, not the struct */

/* STORE_NONE: no telegram has that key. */
MUST_USE enum store_status telegram_find(struct store *store, enum telegram_source source,
					 const char *key, int64_t *id);

/*
 * In a transaction of the caller's: stores it and sets its id. STORE_CONFLICT: one with that key is
 * there already; nothing was changed.
 */
MUST_USE enum store_status telegram_append(struct store *store, struct telegram *telegram);

/* In a transaction: one that was appended as received gets its state, reason, format and drill. */
MUST_USE enum store_status telegram_settle(struct store *store, const struct telegram *telegram);

/* The oldest that waits to be read. STORE_NONE: none does. The caller frees. */
MUST_USE enum store_status telegram_next(struct store *store, struct telegram *telegram);

/* By id, or the newest where id is 0. STORE_NONE: no such telegram. The caller frees. */
MUST_USE enum store_status telegram_load(struct store *store, int64_t id,
					 struct telegram *telegram);

/* The newest first, at most `most` of them, from `before` down (0: the newest of all). */
MUST_USE enum store_status telegram_each(struct store *store, int64_t before, int64_t most,
					 void (*see)(const struct telegram *telegram, void *arg),
					 void *arg);

/*
 * In a transaction: removes at most `most` telegrams received before `before`, with what was
 * decided about them; those that set off a broadcast stay. *removed says how many.
 */
MUST_USE enum store_status telegram_prune(struct store *store, int64_t before, int64_t most,
					  int64_t *removed);
