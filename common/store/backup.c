#include "common/store/backup.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/store/stmt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_PAGES = 1000, SEIZE_MS = 2000 };

/* keys */

void backup_keys_add(struct backup_keys *keys, const char *name, const void *text, size_t length)
{
	keys->list = mem_resize(keys->list, keys->count + 1, sizeof *keys->list);
	keys->list[keys->count++] = (struct backup_key){
		.name = mem_string(name), .text = mem_copy(text, length), .length = length};
}

void backup_keys_free(struct backup_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		explicit_bzero(keys->list[i].text, keys->list[i].length);
		free(keys->list[i].text);
		free(keys->list[i].name);
	}
	free(keys->list);
	*keys = (struct backup_keys){0};
}

bool backup_key_name(const char *name)
{
	static const char ending[] = ".key";
	size_t stem = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_");

	return stem > 0 && stem <= 64 && strcmp(name + stem, ending) == 0;
}

/* files beside the store */

static enum store_status fail(sqlite3 *db, const char *file, struct buf *trouble)
{
	int code = sqlite3_errcode(db) & 0xff;

	buf_format(trouble, "%s: %s", file, sqlite3_errmsg(db));
	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		return STORE_BUSY;
	return code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_READONLY ||
			       code == SQLITE_CANTOPEN
		       ? STORE_FULL
		       : STORE_ERROR;
}

static enum store_status run(sqlite3 *db, const char *file, const char *sql, struct buf *trouble)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(db, file, trouble);
	return STORE_OK;
}

static enum store_status open_file(const char *file, int flags, sqlite3 **db, struct buf *trouble)
{
	if (sqlite3_open_v2(file, db, flags | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
		return STORE_OK;
	return fail(*db, file, trouble);
}

/* All pages of one into the other, in steps. */
static enum store_status copy(sqlite3 *from, sqlite3 *to, const char *file,
			      backup_progress progress, void *arg, struct buf *trouble)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int code = SQLITE_OK;
	bool on = true;

	if (!backup)
		return fail(to, file, trouble);
	while (on && code == SQLITE_OK) {
		code = sqlite3_backup_step(backup, STEP_PAGES);
		int of = sqlite3_backup_pagecount(backup);
		on = progress(of - sqlite3_backup_remaining(backup), of, arg);
	}
	int finished = sqlite3_backup_finish(backup);
	if (code != SQLITE_DONE && !on)
		return STORE_NONE;
	return finished != SQLITE_OK ? fail(to, file, trouble) : STORE_OK;
}

/* writing */

static enum store_status put_key(sqlite3 *db, const char *file, const struct backup_key *key,
				 struct buf *trouble)
{
	sqlite3_stmt *s = NULL;
	enum store_status status = STORE_OK;

	if (sqlite3_prepare_v2(db, "INSERT INTO backup_file(name, content) VALUES (?, ?)", -1, &s,
			       NULL) != SQLITE_OK)
		return fail(db, file, trouble);
	sqlite3_bind_text(s, 1, key->name, -1, SQLITE_STATIC);
	sqlite3_bind_blob64(s, 2, key->text, key->length, SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_DONE)
		status = fail(db, file, trouble);
	sqlite3_finalize(s);
	return status;
}

static enum store_status put_extras(sqlite3 *db, const char *file, const struct backup_keys *keys,
				    int64_t at, struct buf *trouble)
{
	char *sql = mem_format("PRAGMA journal_mode=DELETE; BEGIN;"
			       "CREATE TABLE backup_file(name TEXT PRIMARY KEY,"
			       " content BLOB NOT NULL) WITHOUT ROWID;"
			       "REPLACE INTO meta(key, value) VALUES ('backup_at', %" PRId64 ");",
			       at);
	enum store_status status = run(db, file, sql, trouble);

	free(sql);
	for (size_t i = 0; !status && i < keys->count; i++)
		status = put_key(db, file, &keys->list[i], trouble);
	return status ? status : run(db, file, "COMMIT", trouble);
}

/* What cannot be read back is no backup. */
static enum store_status check_copy(sqlite3 *db, const char *file, struct buf *trouble)
{
	sqlite3_stmt *s = NULL;
	enum store_status status = STORE_OK;

	if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &s, NULL) != SQLITE_OK ||
	    sqlite3_step(s) != SQLITE_ROW) {
		status = fail(db, file, trouble);
	} else if (strcmp(stmt_text(s, 0), "ok") != 0) {
		buf_format(trouble, "%s: %s", file, stmt_text(s, 0));
		status = STORE_ERROR;
	}
	sqlite3_finalize(s);
	return status;
}

/* The snapshot begins with the first read. */
static enum store_status hold_moment(struct store *store, int64_t *at)
{
	int64_t none;

	*at = clock_utc(); /* what was committed up to here is in it */
	enum store_status status = stmt_run(store, stmt(store, "BEGIN", ""));
	if (!status)
		status =
			stmt_number(store, stmt(store, "SELECT 1 FROM meta LIMIT 1", ""), 0, &none);
	return status;
}

enum store_status backup_write(struct store *store, const char *file,
			       const struct backup_keys *keys, backup_progress progress, void *arg,
			       int64_t *at, struct buf *trouble)
{
	sqlite3 *db = NULL;
	/* Nobody but us relies on the file until it is whole; the caller brings it to the disk. */
	enum store_status status = open_file(file, SQLITE_OPEN_READWRITE, &db, trouble);

	if (!status)
		status = run(db, file, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", trouble);
	if (!status)
		status = hold_moment(store, at);
	if (!status)
		status = copy(stmt_database(store), db, file, progress, arg, trouble);
	store_rollback(store);
	if (!status)
		status = put_extras(db, file, keys, *at, trouble);
	if (!status)
		status = check_copy(db, file, trouble);
	sqlite3_close(db);
	return status;
}

/* reading */

/* A single number; 0 where there is none. */
static enum store_status number(sqlite3 *db, const char *file, const char *sql, int64_t *value,
				struct buf *trouble)
{
	sqlite3_stmt *s = NULL;
	enum store_status status = STORE_OK;
	int code = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	*value = 0;
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		*value = sqlite3_column_int64(s, 0);
	else if (code != SQLITE_DONE)
		status = fail(db, file, trouble);
	sqlite3_finalize(s);
	return status;
}

static enum store_status look(sqlite3 *db, const char *file, struct backup_facts *facts,
			      struct buf *trouble)
{
	int64_t version = 0, is_backup = 0;
	enum store_status status =
		number(db, file,
		       "SELECT count(*) = 2 FROM sqlite_master WHERE type = 'table'"
		       " AND name IN ('backup_file', 'meta')",
		       &is_backup, trouble);

	if (!status && !is_backup) {
		buf_format(trouble, "%s: is no backup; tenko backup makes one", file);
		return STORE_ERROR;
	}
	if (!status)
		status = number(db, file, "PRAGMA user_version", &version, trouble);
	if (!status && version > store_schema_known()) {
		buf_format(trouble,
			   "%s: made by a newer version of Tenko (schema %" PRId64
			   ", this one knows %d); install that version",
			   file, version, store_schema_known());
		return STORE_NEWER;
	}
	facts->schema = (int)version;
	if (!status)
		status = number(db, file, "SELECT value FROM meta WHERE key = 'backup_at'",
				&facts->at, trouble);
	return status;
}

static enum store_status take_keys(sqlite3 *db, const char *file, struct backup_keys *keys,
				   struct buf *trouble)
{
	sqlite3_stmt *s = NULL;
	enum store_status status = STORE_OK;
	int code = sqlite3_prepare_v2(db, "SELECT name, content FROM backup_file ORDER BY name", -1,
				      &s, NULL);

	while (!status && code == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
		const char *name = stmt_text(s, 0);
		const void *content = sqlite3_column_blob(s, 1);
		if (!backup_key_name(name) || !content) {
			buf_format(trouble, "%s: holds a key file whose name or content is none",
				   file);
			status = STORE_ERROR;
			break;
		}
		backup_keys_add(keys, name, content, (size_t)sqlite3_column_bytes(s, 1));
	}
	sqlite3_finalize(s);
	if (!status && (code != SQLITE_OK || sqlite3_errcode(db) != SQLITE_OK))
		status = fail(db, file, trouble);
	return status;
}

/* The keys are not to stay in the database, nor in its free pages. */
static const char without_extras[] =
	"PRAGMA journal_mode=DELETE; PRAGMA secure_delete=ON; BEGIN; DROP TABLE backup_file;"
	"DELETE FROM meta WHERE key = 'backup_at'; COMMIT";

enum store_status backup_read(const char *file, const char *dir, struct backup_facts *facts,
			      backup_progress progress, void *arg, struct buf *trouble)
{
	char *made = mem_format("%s/tenko.db", dir);
	char *both = mem_format("%s, into %s", file, made);
	sqlite3 *from = NULL, *to = NULL;
	enum store_status status = open_file(file, SQLITE_OPEN_READONLY, &from, trouble);

	*facts = (struct backup_facts){0};
	if (!status)
		status = look(from, file, facts, trouble);
	if (!status)
		status = take_keys(from, file, &facts->keys, trouble);
	if (!status)
		status = open_file(made, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &to, trouble);
	if (!status)
		status = copy(from, to, both, progress, arg, trouble);
	if (!status)
		status = check_copy(to, file, trouble);
	if (!status)
		status = run(to, made, without_extras, trouble);
	sqlite3_close(from);
	sqlite3_close(to);
	free(both);
	free(made);
	if (status)
		backup_keys_free(&facts->keys);
	return status;
}

/* beginning anew */

static enum store_status go_on_from(struct store *store, const char *table, int64_t from)
{
	enum store_status status =
		stmt_run(store, stmt(store,
				     "INSERT INTO sqlite_sequence(name, seq) SELECT ?1, 0 WHERE"
				     " ?1 NOT IN (SELECT name FROM sqlite_sequence)",
				     "s", table));

	if (!status)
		status = stmt_run(store, stmt(store,
					      "UPDATE sqlite_sequence SET seq = max(seq, ?2)"
					      " WHERE name = ?1",
					      "si", table, from));
	return status;
}

enum store_status backup_begin_anew(struct store *store, const char *who, int64_t at)
{
	static const int64_t year_2026 = 1767225600; /* seconds since 1970 */
	static const char *const by_seconds[] = {"broadcast", "person", "device"};
	int64_t now = clock_utc();
	char detail[64], moment[CLOCK_TEXT];
	enum store_status status = store_begin(store);

	if (!status)
		status = go_on_from(store, "attempt", now * 1000);
	for (size_t i = 0; !status && i < LENGTH(by_seconds); i++)
		status = go_on_from(store, by_seconds[i], now / 1000 - year_2026);
	if (!status)
		status = stmt_run(store, stmt(store,
					      "REPLACE INTO meta(key, value)"
					      " VALUES ('epoch', lower(hex(randomblob(8))))",
					      ""));
	snprintf(detail, sizeof detail, "backup=%s", clock_utc_text(at, moment));
	if (!status)
		status = store_audit(store, who, "store.restored", "store", detail);
	if (!status)
		return store_commit(store);
	store_rollback(store);
	return status;
}

enum store_status backup_seize(const char *dir, bool *whole)
{
	char *file = mem_format("%s/tenko.db", dir);
	struct buf trouble = {0};
	sqlite3 *db = NULL;
	enum store_status status = open_file(file, SQLITE_OPEN_READWRITE, &db, &trouble);

	if (!status) {
		sqlite3_busy_timeout(db, SEIZE_MS);
		/* Leaving WAL needs every other connection gone. */
		status = run(db, file, "PRAGMA journal_mode=DELETE", &trouble);
	}
	*whole = !status;
	sqlite3_close(db);
	buf_free(&trouble);
	free(file);
	return status == STORE_BUSY ? STORE_BUSY : STORE_OK;
}
