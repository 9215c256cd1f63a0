#pragma once

/*
 * Mail that came back. What a bounce says is a fact of its own, appended by who reads the mail and
 * read by the scheduler with a cursor; only the scheduler draws its consequences.
 */

#include "common/base/vocabulary.h"
#include "common/store/roster.h"
#include "common/store/store.h"
#include <stddef.h>

/* Stored: numbers are never changed. */
enum bounce_kind {
	BOUNCE_FAILED = 1,  /* for good: the address is bad (5.x.x) */
	BOUNCE_EXPIRED = 2, /* given up, but the address may be good (4.x.x) */
	BOUNCE_DELAYED = 3, /* still tried: only noted */
};

enum { BOUNCE_STATUS = 12, BOUNCE_DETAIL = 500 }; /* bytes with the NUL */

struct bounce {
	int64_t id; /* read only */
	int64_t attempt;
	enum bounce_kind kind;
	char status[BOUNCE_STATUS];
	char detail[BOUNCE_DETAIL]; /* addresses masked */
	int64_t at;                 /* UTC milliseconds */
};

/* The attempt that a bounce names. */
struct bounced {
	int64_t attempt, delivery, broadcast, person;
	enum channel channel;
	enum outcome outcome; /* OUTCOME_NONE: open */
	int dial_order, address_position;
	int64_t created_at;
	char address[CARD_MAIL + 1]; /* cut, where it is none of mail */
};
/* STORE_NONE: there is no such attempt. */
MUST_USE enum store_status bounced_load(struct store *store, int64_t attempt, struct bounced *b);

/* Inside the caller's transaction. *fresh: it was not known before. */
MUST_USE enum store_status bounce_append(struct store *store, const struct bounce *bounce,
					 bool *fresh);

/* the scheduler's, inside its transaction */

MUST_USE enum store_status facts_bounces(struct store *store, struct bounce *list, size_t room,
					 size_t *count);

/*
 * Whether the chain has only this attempt behind it that may have arrived: no later step was tried
 * since, and nothing else of its pass went out.
 */
MUST_USE enum store_status bounced_is_alone(struct store *store, int64_t attempt, bool *alone);

/*
 * The attempt ended otherwise than it had seemed; how it first did stays beside it, for the ledger.
 * Counters are the caller's.
 */
MUST_USE enum store_status attempt_came_back(struct store *store, int64_t attempt,
					     enum outcome outcome, const char *detail);

/* Marks the address of an attempt, where the roster still has it. */
MUST_USE enum store_status bad_address_mark(struct store *store, const struct bounce *bounce);

/* Lets go of marks whose address the roster no longer has. */
MUST_USE enum store_status bad_address_tidy(struct store *store);

struct bad_address {
	const char *code, *name, *group_name; /* of the person; good during the call */
	int position, dial_order;             /* of the mail address; order 0: not dialled */
	bool spare;
	const char *address, *status, *detail;
	int64_t since, broadcast, attempt;
};
/* Of people who are not deleted, by code. */
MUST_USE enum store_status bad_address_each(struct store *store,
					    void (*see)(const struct bad_address *bad, void *arg),
					    void *arg);
