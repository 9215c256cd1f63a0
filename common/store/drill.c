#include "common/store/drill.h"

#include "common/base/mem.h"
#include "common/store/stmt.h"

#include <stdlib.h>

#define COLUMNS                                                                        \
	"name, every, title, title_en, body, body_en, targets, channels, made_by, next_at," \
	" broadcast_id"

void planned_drill_free(struct planned_drill *d)
{
	free(d->name);
	free(d->every);
	free(d->title);
	free(d->title_en);
	free(d->body);
	free(d->body_en);
	free(d->targets);
	free(d->made_by);
	*d = (struct planned_drill){0};
}

static struct planned_drill read_row(sqlite3_stmt *s)
{
	return (struct planned_drill){
		.name = mem_string(stmt_text(s, 0)),
		.every = mem_string(stmt_text(s, 1)),
		.title = mem_string(stmt_text(s, 2)),
		.title_en = mem_string(stmt_text(s, 3)),
		.body = mem_string(stmt_text(s, 4)),
		.body_en = mem_string(stmt_text(s, 5)),
		.targets = mem_string(stmt_text(s, 6)),
		.channels = (unsigned)sqlite3_column_int(s, 7),
		.made_by = mem_string(stmt_text(s, 8)),
		.next_at = sqlite3_column_int64(s, 9),
		.broadcast = sqlite3_column_int64(s, 10),
	};
}

static enum store_status record(struct store *store, const char *who, const char *action,
				const char *name, const char *detail)
{
	char *subject = mem_format("drill=%s", name);
	enum store_status status = store_audit(store, who, action, subject, detail);

	free(subject);
	return status;
}

enum store_status drill_add(struct store *store, const struct planned_drill *d, bool *added)
{
	enum store_status status = stmt_run(
		store, stmt(store,
			    "INSERT INTO planned_drill(name, every, title, title_en, body, body_en,"
			    " targets, channels, made_by, next_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
			    " ON CONFLICT (name) DO NOTHING",
			    "kkkkkkkiki", d->name, d->every, d->title, d->title_en, d->body,
			    d->body_en, d->targets, (int64_t)d->channels, d->made_by, d->next_at));

	*added = !status && stmt_changes(store) == 1;
	return *added ? record(store, d->made_by, "drill.planned", d->name, d->every) : status;
}

enum store_status drill_remove(struct store *store, const char *name, const char *by)
{
	enum store_status status =
		stmt_run(store, stmt(store, "DELETE FROM planned_drill WHERE name=?", "k", name));

	if (!status && stmt_changes(store) == 0)
		return STORE_NONE;
	return status ? status : record(store, by, "drill.unplanned", name, "");
}

enum store_status drills_each(struct store *store,
			      void (*see)(const struct planned_drill *drill, void *arg), void *arg)
{
	sqlite3_stmt *s =
		stmt(store, "SELECT " COLUMNS " FROM planned_drill ORDER BY next_at, name", "");
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		struct planned_drill d = read_row(s);
		see(&d, arg);
		planned_drill_free(&d);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status drills_next(struct store *store, int64_t *at)
{
	return stmt_number(store, stmt(store, "SELECT min(next_at) FROM planned_drill", ""),
			   INT64_MAX, at);
}

enum store_status drill_due(struct store *store, int64_t now, struct planned_drill *d)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT " COLUMNS " FROM planned_drill WHERE next_at<=?"
			       " ORDER BY next_at, name LIMIT 1",
			       "i", now);
	enum store_status status = stmt_row(store, s);

	*d = (struct planned_drill){0};
	if (!status)
		*d = read_row(s);
	stmt_end(s);
	return status;
}

enum store_status drill_done(struct store *store, const char *name, int64_t broadcast,
			     int64_t next_at)
{
	return stmt_run(store,
			stmt(store,
			     "UPDATE planned_drill SET next_at=?,"
			     " broadcast_id=coalesce(nullif(?, 0), broadcast_id) WHERE name=?",
			     "iik", next_at, broadcast, name));
}
