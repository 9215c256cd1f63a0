#pragma once

/*
 * Statements, for the files of common/store alone. A statement is prepared once per handle and
 * kept under the address of its SQL text, so the text stands where it is used and costs nothing
 * the second time:
 *
 *	sqlite3_stmt *s = stmt(store, "UPDATE delivery SET state=? WHERE id=?", "ii", state, id);
 *	return stmt_run(store, s);
 *
 *	sqlite3_stmt *s = stmt(store, "SELECT id, name FROM person WHERE code=?", "s", code);
 *	if ((status = stmt_row(store, s)) == STORE_OK)
 *		id = sqlite3_column_int64(s, 0);
 *	stmt_end(s);
 */

#include "common/base/must.h"
#include "common/store/ledger.h"
#include "common/store/store.h"
#include <sqlite3.h>

/*
 * The statement for a string literal, reset, its parameters bound: i int64_t, s text (NULL binds
 * NULL; copied), k text that the caller keeps until the statement is reset, b bytes (const void *,
 * size_t) that the caller keeps likewise, n NULL. NULL if it cannot be prepared; the functions below
 * pass that on as STORE_ERROR.
 * Integers must be passed as int64_t.
 */
MUST_USE sqlite3_stmt *stmt(struct store *store, const char *literal, const char *types, ...);

/* Runs a statement that gives no rows, and resets it. */
MUST_USE enum store_status stmt_run(struct store *store, sqlite3_stmt *s);

/* The next row: STORE_OK or STORE_NONE. */
MUST_USE enum store_status stmt_row(struct store *store, sqlite3_stmt *s);

void stmt_end(sqlite3_stmt *s); /* resets it; NULL is allowed */

/* A single number; `fallback` where there is no row. */
MUST_USE enum store_status stmt_number(struct store *store, sqlite3_stmt *s, int64_t fallback,
				       int64_t *number);

/* The text of a column, never NULL; good until the next step. */
const char *stmt_text(sqlite3_stmt *s, int column);

/* The connection itself, for what no statement does. */
sqlite3 *stmt_database(struct store *store);

int64_t stmt_changes(struct store *store);
int64_t stmt_last_id(struct store *store);

/* The ledger's newest row, once this transaction knows it. */
struct ledger_state {
	struct ledger_head head;
	bool known;
	struct digest *digest;
	struct recorded *words; /* where recorded.c puts its words together; NULL: not yet */
};
struct ledger_state *stmt_ledger(struct store *store);

/* Runs several statements without parameters. */
MUST_USE enum store_status stmt_script(struct store *store, const char *sql);
