#pragma once

/*
 * The ledger: the table `audit`, in which each row carries a hash over itself and the hash of the
 * row before. Who changes, takes out or puts in a row afterwards has to make every later hash anew;
 * a head (id and hash of the newest row) that was kept elsewhere shows that it was done.
 *
 * The hash of a row is SHA-256 over, one behind the other,
 *
 *	"tenko ledger 1"		14 bytes
 *	hash of the row before		32 bytes, zero for the first
 *	id, at				8 bytes each, big-endian
 *	who, action, subject, detail	each: length (4 bytes, big-endian), bytes (UTF-8)
 *
 * Ids have no gaps. The process that commits a fact appends its row in the same transaction, by
 * store_audit() (store.h), or many by ledger_append(); rows that tell of another row (an attempt that ended, a reply, a control, a
 * broadcast asked for) are made in recorded.c and held against it by ledger_verify.h.
 */

#include "common/base/digest.h"
#include "common/store/store.h"

struct ledger_head {
	int64_t id; /* 0: no row yet, the hash is zero */
	uint8_t hash[DIGEST_BYTES];
};

struct ledger_row {
	int64_t id, at;
	const char *text[4]; /* who, action, subject, detail */
	size_t length[4];
};
enum { LEDGER_WHO, LEDGER_ACTION, LEDGER_SUBJECT, LEDGER_DETAIL, LEDGER_TEXTS };

/* The newest row, as this moment sees it. */
MUST_USE enum store_status ledger_head(struct store *store, struct ledger_head *head);

/* A head as people keep it: "812:4f5e..." with 64 hexadecimal digits. */
enum { LEDGER_HEAD_TEXT = 20 + DIGEST_TEXT };
char *ledger_head_text(const struct ledger_head *head, char *text);
MUST_USE bool ledger_head_read(const char *text, struct ledger_head *head);

/* The hash of a row behind the row with hash `before`. */
void ledger_hash(struct digest *digest, const uint8_t before[DIGEST_BYTES],
		 const struct ledger_row *row, uint8_t hash[DIGEST_BYTES]);

/* A row to be appended: the words, kept by the caller, and what is made when it is. */
struct ledger_entry {
	const char *who, *action, *subject, *detail;
	int64_t id, at;
	uint8_t hash[DIGEST_BYTES];
};

/* Appends rows, in order, inside the transaction of what they tell of. */
MUST_USE enum store_status ledger_append(struct store *store, struct ledger_entry *list,
					 size_t count);

/*
 * What its migration does: chains the rows that are there, and appends the one that says from which
 * rows of the other tables on the ledger tells of all (action LEDGER_BEGUN, detail
 * "attempts=0 replies=0 controls=0 broadcasts=0": the largest ids before it).
 */
#define LEDGER_BEGUN "ledger.begun"
MUST_USE enum store_status ledger_begin(struct store *store);
