#pragma once

/*
 * The store: SQLite, the truth. WAL, synchronous=FULL: what store_commit() accepted survives
 * power failure. One handle a process and thread; several processes write, one at a time.
 *
 * Every function that reads or changes returns a status that must be used. After a failure
 * store_error() says what happened, in words. Inside a transaction the caller rolls back.
 * Nothing outside common/store knows that it is SQLite.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stdint.h>

enum store_status {
	STORE_OK = 0,
	STORE_NONE,	/* no such row; the end of the rows */
	STORE_CONFLICT, /* a row that must be unique is there already */
	STORE_BUSY,	/* another process held the store for too long: try again */
	STORE_FULL,	/* no space, or the file cannot be written: nothing was changed */
	STORE_NEWER,	/* made by a newer version of the program */
	STORE_MISSING,	/* no database there */
	STORE_ERROR,	/* damaged, unreadable, or our own fault: see the log */
};

struct store;

/*
 * Opens DIR/tenko.db and brings its schema up to date. `create` makes it if it is not there.
 * On failure *store is still set where there is something to say; free it with store_close().
 */
MUST_USE enum store_status store_open(const char *data_dir, bool create, struct store **store);
/*
 * For a process that may not remove files: where it is the last to close the store, the files beside
 * tenko.db stay, the log emptied, so that nothing of it can get into a store put there later.
 */
void store_keep_files(struct store *store);
void store_close(struct store *store); /* NULL is allowed */

/* A sentence about the last failure, with the file's name. */
const char *store_error(const struct store *store);

/* The exit code (sysexits) that fits a failure. */
MUST_USE int store_exit_code(enum store_status status);

/* How long a transaction waits for the write lock; five seconds unless it is set. */
void store_set_patience(struct store *store, int milliseconds);

/* How many KiB of the store are kept in memory at most; 32,768 unless it is set. */
void store_set_memory(struct store *store, int kib);

/* Takes the write lock at once. */
MUST_USE enum store_status store_begin(struct store *store);
MUST_USE enum store_status store_commit(struct store *store); /* failed: rolled back */
void store_rollback(struct store *store);		      /* harmless outside a transaction */

/*
 * Puts the log of changes into the database, without waiting for anybody, if it has grown by so many
 * pages (4 KB) since. For who commits all the time, at moments when it has nothing better to do; in
 * all other processes the commit does it that finds the log 64 MB long.
 */
void store_checkpoint(struct store *store, int64_t pages);

/* Changes whenever another connection has committed; costs no disk access. */
MUST_USE int64_t store_version(struct store *store);

/* Largest schema version this program knows, and that of the open store. */
int store_schema_known(void);
int store_schema(struct store *store);

/* PRAGMA integrity_check; what it found goes to `report`. STORE_ERROR where it is not sound. */
MUST_USE enum store_status store_check(struct store *store, struct buf *report);
/* The same without holding the indexes against their tables: much faster. */
MUST_USE enum store_status store_check_quickly(struct store *store, struct buf *report);

/*
 * Appends to the ledger (ledger.h), inside the transaction of what it tells of.
 * `action` dotted, object first ("broadcast.requested"), `subject` "broadcast=1". No addresses.
 */
MUST_USE enum store_status store_audit(struct store *store, const char *who, const char *action,
				       const char *subject, const char *detail);

/* Small values by name. STORE_NONE where there is none. */
MUST_USE enum store_status store_meta_get(struct store *store, const char *key, struct buf *value);
MUST_USE enum store_status store_meta_set(struct store *store, const char *key, const char *value);
