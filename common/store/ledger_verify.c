#include "common/store/ledger_verify.h"

#include "common/base/mem.h"
#include "common/store/recorded.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRESS_ROWS = 10000 };

/* Ids of rows that the ledger tells of, and the largest that it need not tell of. */
struct told {
	int64_t *ids;
	size_t count, room;
	int64_t before;
};

struct verification {
	struct store *store;
	const struct ledger_head *kept;
	const struct ledger_watcher *watcher;
	struct ledger_verified *verified;
	int64_t newest; /* the largest id ever given */
	bool begun;     /* the row was met from which on it tells of other rows */
	struct told told[RECORDED_KINDS];
	struct recorded recorded;
	struct digest *digest;
};

static void report(struct verification *v, int64_t audit, const char *format, ...) PRINTF(3, 4);
static void report(struct verification *v, int64_t audit, const char *format, ...)
{
	char detail[320];
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	v->verified->faults++;
	v->watcher->see(&(struct ledger_fault){.audit = audit, .detail = detail}, v->watcher->arg);
}

/* the chain */

static void check_link(struct verification *v, const struct ledger_row *row, sqlite3_stmt *s)
{
	struct ledger_head *head = &v->verified->head;
	uint8_t hash[DIGEST_BYTES];

	if (row->id != head->id + 1)
		report(v, row->id, "%" PRId64 " row%s gone", row->id - head->id - 1,
		       row->id - head->id == 2 ? " before it is" : "s before it are");
	ledger_hash(v->digest, head->hash, row, hash);
	bool whole = sqlite3_column_bytes(s, 6) == DIGEST_BYTES;
	if (!whole || memcmp(sqlite3_column_blob(s, 6), hash, DIGEST_BYTES) != 0)
		report(v, row->id,
		       "its hash does not fit: the row was changed, or one before it was "
		       "exchanged");
	/* On with what stands there, so that the next fault is one of its own. */
	head->id = row->id;
	memcpy(head->hash, whole ? sqlite3_column_blob(s, 6) : hash, DIGEST_BYTES);
	if (v->kept && v->kept->id == row->id &&
	    memcmp(v->kept->hash, head->hash, DIGEST_BYTES) != 0)
		report(v, row->id,
		       "the head that was kept has another hash: the ledger up to here was "
		       "written anew");
}

static void check_end(struct verification *v)
{
	int64_t last = v->verified->head.id;

	if (last < v->newest)
		report(v, v->newest, "the last row is gone; the ledger ends at audit=%" PRId64,
		       last);
	if (v->kept && v->kept->id > last)
		report(v, v->kept->id,
		       "the head that was kept is newer than the ledger, which ends at "
		       "audit=%" PRId64
		       ": rows were taken off, or a backup from before was put back",
		       last);
}

/* the rows it speaks of */

static void note(struct told *told, int64_t id)
{
	if (told->count == told->room) {
		told->room = told->room ? told->room * 2 : 1024;
		told->ids = mem_resize(told->ids, told->room, sizeof *told->ids);
	}
	told->ids[told->count++] = id;
}

static bool same_text(const struct ledger_row *row, int text, const char *other)
{
	return row->length[text] == strlen(other) &&
	       memcmp(row->text[text], other, row->length[text]) == 0;
}

static void compare(struct verification *v, enum recorded_kind kind, const struct ledger_row *row)
{
	const struct recorded *r = &v->recorded;
	const char *word = recorded_word(kind);
	char said[sizeof r->says];

	if (same_text(row, LEDGER_ACTION, r->action) &&
	    same_text(row, LEDGER_SUBJECT, buf_text(&r->subject)) &&
	    same_text(row, LEDGER_DETAIL, buf_text(&r->detail)))
		return;
	recorded_said(row, said, sizeof said);
	if (strcmp(said, r->says) != 0)
		report(v, row->id, "%s=%" PRId64 " says %s, the ledger %s", word, r->id, r->says,
		       said);
	else
		report(v, row->id, "%s=%" PRId64 " was changed after it was recorded", word, r->id);
}

static enum store_status check_told(struct verification *v, const struct ledger_row *row)
{
	enum recorded_kind kind;
	int64_t id;
	char said[sizeof v->recorded.says];

	if (!recorded_names(row, &kind, &id))
		return STORE_OK;
	v->verified->told++;
	note(&v->told[kind], id);
	enum store_status status = recorded_load(v->store, kind, id, &v->recorded);
	if (!status)
		compare(v, kind, row);
	if (status != STORE_NONE)
		return status;
	recorded_said(row, said, sizeof said);
	report(v, row->id, "%s=%" PRId64 " is gone%s, the ledger says %s", recorded_word(kind), id,
	       kind == RECORDED_ATTEMPT ? " or open again" : "", said);
	return STORE_OK;
}

static void begin(struct verification *v, const struct ledger_row *row)
{
	struct told *t = v->told;

	v->begun = same_text(row, LEDGER_ACTION, LEDGER_BEGUN) &&
		   sscanf(row->text[LEDGER_DETAIL],
			  "attempts=%" SCNd64 " replies=%" SCNd64 " controls=%" SCNd64
			  " broadcasts=%" SCNd64,
			  &t[RECORDED_ATTEMPT].before, &t[RECORDED_REPLY].before,
			  &t[RECORDED_CONTROL].before, &t[RECORDED_BROADCAST].before) == 4;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Rows that the ledger does not tell of: both lists are in order. */
static enum store_status find_untold(struct verification *v, enum recorded_kind kind)
{
	struct told *told = &v->told[kind];
	size_t next = 0;
	enum store_status status;

	if (told->count > 0)
		qsort(told->ids, told->count, sizeof *told->ids, by_number);
	sqlite3_stmt *s = recorded_all(v->store, kind, told->before);
	while ((status = stmt_row(v->store, s)) == STORE_OK) {
		int64_t id = sqlite3_column_int64(s, 0);
		while (next < told->count && told->ids[next] < id)
			next++;
		if (next == told->count || told->ids[next] != id)
			report(v, 0, "%s=%" PRId64 " stands nowhere in the ledger",
			       recorded_word(kind), id);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

/* all of it */

static enum store_status look_at_row(struct verification *v, sqlite3_stmt *s)
{
	struct ledger_row row = {.id = sqlite3_column_int64(s, 0),
				 .at = sqlite3_column_int64(s, 1)};

	for (int i = 0; i < LEDGER_TEXTS; i++) {
		row.text[i] = stmt_text(s, 2 + i);
		row.length[i] = (size_t)sqlite3_column_bytes(s, 2 + i);
	}
	check_link(v, &row, s);
	if (++v->verified->rows % PROGRESS_ROWS == 0 && v->watcher->progress)
		v->watcher->progress(row.id, v->newest, v->watcher->arg);
	if (v->begun)
		return check_told(v, &row);
	begin(v, &row);
	return STORE_OK;
}

static enum store_status look_at_rows(struct verification *v)
{
	sqlite3_stmt *s = stmt(v->store,
			       "SELECT id, at, who, action, subject, detail, hash FROM audit"
			       " ORDER BY id",
			       "");
	enum store_status status, looked = STORE_OK;

	while (!looked && (status = stmt_row(v->store, s)) == STORE_OK)
		looked = look_at_row(v, s);
	stmt_end(s);
	if (looked)
		return looked;
	return status == STORE_NONE ? STORE_OK : status;
}

static enum store_status verify(struct verification *v)
{
	enum store_status status = stmt_number(
		v->store, stmt(v->store, "SELECT seq FROM sqlite_sequence WHERE name='audit'", ""),
		0, &v->newest);

	if (!status)
		status = look_at_rows(v);
	if (status)
		return status;
	check_end(v);
	if (!v->begun)
		report(v, 0, "the row \"" LEDGER_BEGUN "\", with which it begins, is gone");
	for (int kind = 0; !status && v->begun && kind < RECORDED_KINDS; kind++)
		status = find_untold(v, (enum recorded_kind)kind);
	return status;
}

enum store_status ledger_verify(struct store *store, const struct ledger_head *kept,
				const struct ledger_watcher *watcher,
				struct ledger_verified *verified)
{
	struct verification v = {
		.store = store, .kept = kept, .watcher = watcher, .verified = verified};
	enum store_status status = stmt_run(store, stmt(store, "BEGIN", ""));

	*verified = (struct ledger_verified){0};
	if (status)
		return status;
	v.digest = digest_new();
	status = verify(&v);
	store_rollback(store);
	digest_free(v.digest);
	recorded_free(&v.recorded);
	for (int kind = 0; kind < RECORDED_KINDS; kind++)
		free(v.told[kind].ids);
	return status;
}
