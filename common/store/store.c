#include "common/store/store.h"

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/store/migrations.h"
#include "common/store/recorded.h"
#include "common/store/rows.h"
#include "common/store/stmt.h"
#include "common/store/turnstile.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	STATEMENTS = 512,
	BUSY_MS = 5000,
	COURTESY_MS = 100, /* for somebody else who waits to write */
	LOG_MOST = 16384, /* pages in the log: 64 MB */
};

struct store {
	sqlite3 *db;
	char *path;
	char error[512];
	int turnstile;
	int64_t patience, busy_since; /* milliseconds, monotonic */
	struct ledger_state ledger;
	const struct rows *rows; /* what the table `rows` is now */
	int64_t log_pages;       /* how long the log was after our last commit */
	int64_t log_taken;       /* how much of it we saw put into the database */
	/* Open addressing by the address of the SQL text. */
	struct {
		const char *literal;
		sqlite3_stmt *stmt;
	} statements[STATEMENTS];
};

static enum store_status fail(struct store *store, const char *what)
{
	int code = sqlite3_extended_errcode(store->db);

	bool damaged = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;

	snprintf(store->error, sizeof store->error, "%s: %s: %s%s", store->path, what,
		 sqlite3_errmsg(store->db),
		 damaged ? "; the database is damaged, put back a copy that is not" : "");
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return STORE_BUSY;
	case SQLITE_CONSTRAINT:
		return STORE_CONFLICT;
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
		return STORE_FULL;
	default:
		return STORE_ERROR;
	}
}

/* statements */

static sqlite3_stmt *prepared(struct store *store, const char *literal)
{
	size_t slot = ((uintptr_t)literal >> 3) % STATEMENTS;

	for (size_t i = 0; i < STATEMENTS; i++, slot = (slot + 1) % STATEMENTS) {
		if (store->statements[slot].literal == literal)
			return store->statements[slot].stmt;
		if (!store->statements[slot].literal)
			break;
	}
	assert(!store->statements[slot].literal); /* more statements than slots */

	sqlite3_stmt *s = NULL;
	if (sqlite3_prepare_v3(store->db, literal, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL)) {
		(void)fail(store, "cannot prepare a statement");
		log_error("store.prepare", "error=%s sql=%s", log_quote(store->error),
			  log_quote(literal));
		return NULL;
	}
	store->statements[slot].literal = literal;
	store->statements[slot].stmt = s;
	return s;
}

sqlite3_stmt *stmt(struct store *store, const char *literal, const char *types, ...)
{
	sqlite3_stmt *s = prepared(store, literal);
	va_list args;

	if (!s)
		return NULL;
	sqlite3_reset(s);
	va_start(args, types);
	for (int i = 1; types[i - 1]; i++) {
		const char *text;
		switch (types[i - 1]) {
		case 'i':
			sqlite3_bind_int64(s, i, va_arg(args, int64_t));
			break;
		case 's':
			text = va_arg(args, const char *);
			sqlite3_bind_text(s, i, text, -1, SQLITE_TRANSIENT);
			break;
		case 'k':
			text = va_arg(args, const char *);
			sqlite3_bind_text(s, i, text, -1, SQLITE_STATIC);
			break;
		case 'b':
			text = va_arg(args, const char *);
			sqlite3_bind_blob64(s, i, text, va_arg(args, size_t), SQLITE_STATIC);
			break;
		default:
			assert(types[i - 1] == 'n');
			sqlite3_bind_null(s, i);
		}
	}
	va_end(args);
	return s;
}

enum store_status stmt_run(struct store *store, sqlite3_stmt *s)
{
	enum store_status status;

	do {
		status = stmt_row(store, s);
	} while (status == STORE_OK);
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status stmt_row(struct store *store, sqlite3_stmt *s)
{
	if (!s)
		return STORE_ERROR;
	switch (sqlite3_step(s)) {
	case SQLITE_ROW:
		return STORE_OK;
	case SQLITE_DONE:
		return STORE_NONE;
	default:
		return fail(store, "cannot run a statement");
	}
}

void stmt_end(sqlite3_stmt *s)
{
	if (s)
		sqlite3_reset(s);
}

sqlite3_stmt *rows_stmt(struct store *store, const char *literal, const struct rows *rows)
{
	store->rows = rows;
	return stmt(store, literal, "");
}

enum store_status rows_run(struct store *store, const char *literal, const struct rows *rows)
{
	return stmt_run(store, rows_stmt(store, literal, rows));
}

enum store_status stmt_number(struct store *store, sqlite3_stmt *s, int64_t fallback,
			      int64_t *number)
{
	enum store_status status = stmt_row(store, s);

	*number = fallback;
	if (status == STORE_OK && sqlite3_column_type(s, 0) != SQLITE_NULL)
		*number = sqlite3_column_int64(s, 0);
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

const char *stmt_text(sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);
	return text ? text : "";
}

sqlite3 *stmt_database(struct store *store)
{
	return store->db;
}

int64_t stmt_changes(struct store *store)
{
	return sqlite3_changes64(store->db);
}

int64_t stmt_last_id(struct store *store)
{
	return sqlite3_last_insert_rowid(store->db);
}

struct ledger_state *stmt_ledger(struct store *store)
{
	assert(!sqlite3_get_autocommit(store->db)); /* in the transaction of what it tells of */
	return &store->ledger;
}

enum store_status stmt_script(struct store *store, const char *sql)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(store, "cannot run a script");
	return STORE_OK;
}

/* the log of changes */

void store_checkpoint(struct store *store, int64_t pages)
{
	if (store->log_pages - store->log_taken < pages)
		return;
	/* Who reads an old state, or another who does the same, keeps us from some: there will be a
	 * next time. */
	if (sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
	    SQLITE_OK)
		store->log_taken = store->log_pages;
}

static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store *store = arg;

	(void)db, (void)name;
	store->log_pages = pages;
	if (pages < store->log_taken)
		store->log_taken = 0; /* it has begun again */
	store_checkpoint(store, LOG_MOST);
	return SQLITE_OK;
}

/* opening */

/* SQLite's own waits grow to 100 ms, in which a lock is let go and taken again many times. */
static int on_busy(void *arg, int looks)
{
	struct store *store = arg;

	if (looks == 0)
		store->busy_since = clock_monotonic();
	if (clock_monotonic() - store->busy_since >= store->patience)
		return 0;
	turnstile_pause(looks);
	return 1;
}

static enum store_status set_up_connection(struct store *store)
{
	store->patience = BUSY_MS;
	sqlite3_busy_handler(store->db, on_busy, store);
	if (rows_set_up(store->db, &store->rows) != SQLITE_OK)
		return fail(store, "cannot be set up");
	sqlite3_wal_hook(store->db, on_commit, store);
	/* The journal mode is kept in the file; asking for it again costs a read. */
	return stmt_script(store, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
				  "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
				  "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-32768;");
}

/* Each migration in a transaction of its own; two processes that start together do it once. */
static enum store_status migrate(struct store *store)
{
	for (;;) {
		int version = store_schema(store);
		if (version > migrations_count()) {
			snprintf(
				store->error, sizeof store->error,
				"%s: made by a newer version of Tenko (schema %d, this one knows %d); "
				"install that version",
				store->path, version, migrations_count());
			return STORE_NEWER;
		}
		if (version == migrations_count())
			return STORE_OK;
		enum store_status status = store_begin(store);
		if (status)
			return status;
		if (store_schema(store) == version) {
			char set[48];
			snprintf(set, sizeof set, "PRAGMA user_version=%d", version + 1);
			status = migrations_run(store, version + 1);
			if (!status)
				status = stmt_script(store, set);
			crash_point(CRASH_MIGRATION_APPLIED);
		}
		if (status) {
			store_rollback(store);
			return status;
		}
		if ((status = store_commit(store)))
			return status;
	}
}

enum store_status store_open(const char *data_dir, bool create, struct store **result)
{
	struct store *store = mem_alloc(sizeof *store);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);

	*result = store;
	store->path = mem_format("%s/tenko.db", data_dir);
	store->ledger.digest = digest_new();
	store->turnstile = turnstile_open(data_dir);
	if (!create && access(store->path, F_OK) != 0 && errno == ENOENT) {
		snprintf(store->error, sizeof store->error,
			 "%s: no database there; make one with: tenko init %s", store->path,
			 data_dir);
		return STORE_MISSING;
	}
	if (sqlite3_open_v2(store->path, &store->db, flags, NULL) != SQLITE_OK)
		return fail(store, "cannot be opened");
	enum store_status status = set_up_connection(store);
	return status ? status : migrate(store);
}

void store_keep_files(struct store *store)
{
	int keep = 1;
	enum store_status status = STORE_OK;

	/* Only with a limit is a log that is kept made empty (sqlite3WalClose). */
	if (sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep))
		status = fail(store, "cannot keep its files");
	if (!status)
		status = stmt_script(store, "PRAGMA journal_size_limit=67108864");
	if (status)
		log_warning("store.files", "error=%s", log_quote(store->error));
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(store->statements[i].stmt);
	sqlite3_close(store->db);
	if (store->turnstile >= 0)
		close(store->turnstile);
	digest_free(store->ledger.digest);
	recorded_forget(&store->ledger);
	free(store->path);
	free(store);
}

const char *store_error(const struct store *store)
{
	return store->error;
}

int store_exit_code(enum store_status status)
{
	switch (status) {
	case STORE_OK:
		return EX_OK;
	case STORE_NONE:
	case STORE_CONFLICT:
		return EX_DATAERR;
	case STORE_BUSY:
		return EX_TEMPFAIL;
	case STORE_FULL:
		return EX_IOERR;
	case STORE_NEWER:
	case STORE_MISSING:
		return EX_CONFIG;
	case STORE_ERROR:
		break;
	}
	return EX_SOFTWARE;
}

/* transactions */

enum store_status store_begin(struct store *store)
{
	int64_t courtesy = store->patience < COURTESY_MS ? store->patience : COURTESY_MS;

	store->ledger.known = false;
	turnstile_enter(store->turnstile, courtesy);
	enum store_status status = stmt_run(store, stmt(store, "BEGIN IMMEDIATE", ""));
	turnstile_leave(store->turnstile);
	return status;
}

void store_set_patience(struct store *store, int milliseconds)
{
	store->patience = milliseconds;
}

void store_set_memory(struct store *store, int kib)
{
	char set[48];

	snprintf(set, sizeof set, "PRAGMA cache_size=-%d", kib);
	if (stmt_script(store, set))
		log_warning("store.memory", "error=%s", log_quote(store->error));
}

enum store_status store_commit(struct store *store)
{
	enum store_status status = stmt_run(store, stmt(store, "COMMIT", ""));

	if (status)
		store_rollback(store);
	return status;
}

void store_rollback(struct store *store)
{
	if (store->db && !sqlite3_get_autocommit(store->db)) {
		enum store_status status = stmt_run(store, stmt(store, "ROLLBACK", ""));
		if (status)
			log_error("store.rollback", "error=%s", log_quote(store->error));
	}
}

int64_t store_version(struct store *store)
{
	int64_t version;
	enum store_status status =
		stmt_number(store, stmt(store, "PRAGMA data_version", ""), 0, &version);
	return status ? -1 : version;
}

int store_schema_known(void)
{
	return migrations_count();
}

int store_schema(struct store *store)
{
	int64_t version;
	enum store_status status =
		stmt_number(store, stmt(store, "PRAGMA user_version", ""), 0, &version);
	return status ? -1 : (int)version;
}

static enum store_status check(struct store *store, sqlite3_stmt *s, struct buf *report)
{
	enum store_status status;
	bool sound = true;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		if (strcmp(stmt_text(s, 0), "ok") == 0)
			continue;
		sound = false;
		buf_format(report, "%s\n", stmt_text(s, 0));
	}
	stmt_end(s);
	if (status != STORE_NONE)
		return status;
	return sound ? STORE_OK : STORE_ERROR;
}

enum store_status store_check(struct store *store, struct buf *report)
{
	return check(store, stmt(store, "PRAGMA integrity_check(20)", ""), report);
}

enum store_status store_check_quickly(struct store *store, struct buf *report)
{
	return check(store, stmt(store, "PRAGMA quick_check(20)", ""), report);
}

enum store_status store_meta_get(struct store *store, const char *key, struct buf *value)
{
	sqlite3_stmt *s = stmt(store, "SELECT value FROM meta WHERE key=?", "s", key);
	enum store_status status = stmt_row(store, s);

	if (!status)
		buf_text_add(value, stmt_text(s, 0));
	stmt_end(s);
	return status;
}

enum store_status store_meta_set(struct store *store, const char *key, const char *value)
{
	return stmt_run(store, stmt(store, "REPLACE INTO meta(key, value) VALUES (?, ?)", "ss", key,
				    value));
}
