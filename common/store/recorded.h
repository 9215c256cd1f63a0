#pragma once

/*
 * How the ledger tells of other rows: an attempt that ended, a reply, a control, a broadcast asked
 * for, a bounce. An attempt whose mail came back later is told of as it first ended; the bounce says
 * the rest. The same function makes the words, of the same values, when the row is committed and when it
 * is held against the ledger later. For the files of common/store alone.
 *
 * The words name no address and no text that a person wrote; what they leave out stands in them as a
 * digest ("row=..."), so that a change of it shows all the same.
 */

#include "common/store/ending.h"
#include "common/store/stmt.h"

enum recorded_kind {
	RECORDED_ATTEMPT,
	RECORDED_REPLY,
	RECORDED_CONTROL,
	RECORDED_BROADCAST,
	RECORDED_BOUNCE,
	RECORDED_KINDS
};

struct recorded {
	int64_t id; /* of the row */
	const char *action;
	struct buf subject; /* "attempt=40" */
	char says[48];      /* what changes matter most in: outcome, choice, verb */
	struct buf detail;
};

/* The words for a row as it is now. STORE_NONE: it is not there, or is an attempt still open. */
MUST_USE enum store_status recorded_load(struct store *store, enum recorded_kind kind, int64_t id,
					 struct recorded *r);
void recorded_free(struct recorded *r);

/* Appends a row to the ledger, in the transaction that stored it. STORE_NONE: as above. */
MUST_USE enum store_status recorded_append(struct store *store, enum recorded_kind kind,
					   const char *who, int64_t id);
/* The same of attempts that have ended (ending.h), from what is known of them: nothing is read again. */
MUST_USE enum store_status recorded_append_endings(struct store *store, const char *who,
						   const struct endings *set);
/* Frees what the ledger's state keeps for these. */
void recorded_forget(struct ledger_state *ledger);

/* for checking */

/* Which kind of row a row of the ledger tells of, and its id. False: of none. */
MUST_USE bool recorded_names(const struct ledger_row *row, enum recorded_kind *kind, int64_t *id);
/* What the row of the ledger says, as `says` above. */
void recorded_said(const struct ledger_row *row, char *says, size_t room);
const char *recorded_word(enum recorded_kind kind); /* "attempt" */
/* Ids of all rows of a kind that must be in the ledger, above `after`; the column is the id. */
sqlite3_stmt *recorded_all(struct store *store, enum recorded_kind kind, int64_t after);
