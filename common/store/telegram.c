#include "common/store/telegram.h"

#include "common/base/mem.h"
#include "common/store/stmt.h"
#include "common/store/totals.h"

#include <stdlib.h>

#define COLUMNS "id, source, key, format, state, reason, drill, by, received_at, length(bytes)"

static const struct {
	const char *name;
} sources[] = {
#define X(symbol, number, name, phrase) [SOURCE_##symbol] = {name},
	TELEGRAM_SOURCES(X)
#undef X
};

static const struct {
	const char *name, *phrase;
} states[] = {
#define X(symbol, number, name, phrase) [TELEGRAM_##symbol] = {name, phrase},
	TELEGRAM_STATES(X)
#undef X
};

const char *telegram_source_name(enum telegram_source source)
{
	bool known = source > SOURCE_NONE && source < SOURCE_END;
	return known ? sources[source].name : "";
}

const char *telegram_state_name(enum telegram_state state)
{
	bool known = state > TELEGRAM_NONE && state < TELEGRAM_STATE_END;
	return known ? states[state].name : "";
}

const char *telegram_state_phrase(enum telegram_state state)
{
	bool known = state > TELEGRAM_NONE && state < TELEGRAM_STATE_END;
	return known ? states[state].phrase : "";
}

void telegram_free(struct telegram *t)
{
	free(t->key);
	free(t->reason);
	free(t->by);
	free(t->bytes);
	*t = (struct telegram){0};
}

static void read_row(sqlite3_stmt *s, struct telegram *t)
{
	*t = (struct telegram){
		.id = sqlite3_column_int64(s, 0),
		.source = (enum telegram_source)sqlite3_column_int(s, 1),
		.key = mem_string(stmt_text(s, 2)),
		.format = sqlite3_column_int(s, 3),
		.state = (enum telegram_state)sqlite3_column_int(s, 4),
		.reason = mem_string(stmt_text(s, 5)),
		.drill = sqlite3_column_int64(s, 6),
		.by = mem_string(stmt_text(s, 7)),
		.received_at = sqlite3_column_int64(s, 8),
		.length = (size_t)sqlite3_column_int64(s, 9),
	};
}

static enum store_status read_one(struct store *store, sqlite3_stmt *s, struct telegram *t)
{
	enum store_status status = stmt_row(store, s);

	*t = (struct telegram){0};
	if (!status) {
		read_row(s, t);
		const void *bytes = sqlite3_column_blob(s, 10);
		t->bytes = mem_copy(t->length ? bytes : "", t->length);
	}
	stmt_end(s);
	return status;
}

enum store_status telegram_find(struct store *store, enum telegram_source source, const char *key,
				int64_t *id)
{
	enum store_status status =
		stmt_number(store,
			    stmt(store, "SELECT id FROM telegram WHERE source=? AND key=?", "is",
				 (int64_t)source, key),
			    0, id);

	return !status && !*id ? STORE_NONE : status;
}

/* Counted once, when it has got the state it keeps. */
static enum store_status count(struct store *store, const struct telegram *t)
{
	if (t->state == TELEGRAM_RECEIVED)
		return STORE_OK;
	return total_add(store, TOTAL_TELEGRAM, (int64_t)t->source * 256 + (int64_t)t->state, 1);
}

enum store_status telegram_append(struct store *store, struct telegram *t)
{
	int64_t known;
	enum store_status status = telegram_find(store, t->source, t->key, &known);

	if (status != STORE_NONE)
		return status ? status : STORE_CONFLICT;
	status = stmt_run(store,
			  stmt(store,
			       "INSERT INTO telegram(source, key, format, state, reason, drill, by,"
			       " received_at, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			       "isiisisib", (int64_t)t->source, t->key, (int64_t)t->format,
			       (int64_t)t->state, t->reason ? t->reason : "", t->drill,
			       t->by ? t->by : "", t->received_at,
			       (const void *)(t->bytes ? t->bytes : ""), t->length));
	t->id = stmt_last_id(store);
	return status ? status : count(store, t);
}

enum store_status telegram_settle(struct store *store, const struct telegram *t)
{
	enum store_status status = stmt_run(
		store, stmt(store,
			    "UPDATE telegram SET state=?, reason=?, format=?, drill=? WHERE id=?",
			    "isiii", (int64_t)t->state, t->reason ? t->reason : "",
			    (int64_t)t->format, t->drill, t->id));

	return status ? status : count(store, t);
}

enum store_status telegram_next(struct store *store, struct telegram *t)
{
	return read_one(store,
			stmt(store,
			     "SELECT " COLUMNS ", bytes FROM telegram WHERE state=1"
			     " ORDER BY id LIMIT 1",
			     ""),
			t);
}

enum store_status telegram_load(struct store *store, int64_t id, struct telegram *t)
{
	return read_one(
		store,
		id ? stmt(store, "SELECT " COLUMNS ", bytes FROM telegram WHERE id=?", "i", id)
		   : stmt(store, "SELECT " COLUMNS ", bytes FROM telegram ORDER BY id DESC LIMIT 1",
			  ""),
		t);
}

enum store_status telegram_each(struct store *store, int64_t before, int64_t most,
				void (*see)(const struct telegram *telegram, void *arg), void *arg)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT " COLUMNS " FROM telegram WHERE id <= ? ORDER BY id DESC"
			       " LIMIT ?",
			       "ii", before ? before : INT64_MAX, most);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		struct telegram t;
		read_row(s, &t);
		see(&t, arg);
		telegram_free(&t);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

/* Those to be removed are named in a table of this connection. */
enum store_status telegram_prune(struct store *store, int64_t before, int64_t most,
				 int64_t *removed)
{
	enum store_status status = stmt_script(
		store, "CREATE TEMP TABLE IF NOT EXISTS pruned (id INTEGER PRIMARY KEY);"
		       "DELETE FROM temp.pruned");

	*removed = 0;
	if (!status)
		status = stmt_run(
			store, stmt(store,
				    "INSERT INTO temp.pruned SELECT id FROM telegram t"
				    " WHERE received_at < ? AND state <> 1 AND NOT EXISTS"
				    " (SELECT 1 FROM event e JOIN decision d ON d.event_id = e.id"
				    "  WHERE e.telegram_id = t.id"
				    "  AND (d.broadcast_id IS NOT NULL OR d.due_at IS NOT NULL))"
				    " ORDER BY received_at LIMIT ?",
				    "ii", before, most));
	if (!status)
		status = stmt_script(store,
				     "DELETE FROM decision WHERE event_id IN (SELECT id FROM event"
				     " WHERE telegram_id IN (SELECT id FROM temp.pruned));"
				     "DELETE FROM event WHERE telegram_id IN"
				     " (SELECT id FROM temp.pruned);"
				     "DELETE FROM telegram WHERE id IN"
				     " (SELECT id FROM temp.pruned)");
	if (!status)
		*removed = stmt_changes(store);
	return status;
}
