#include "common/store/journey.h"

#include "common/store/stmt.h"

/* Outcomes: delivered, answered_without_input, replied. A machine's are nobody's ears. */
#define REACHED "1, 2, 11"

static const char people_sql[] =
	"SELECT p.code, p.name, g.code, g.name, iif(r.id IS NULL, d.state, 3), d.plan <> 0,"
	" r.choice, (SELECT min(at) FROM reply WHERE broadcast_id = d.broadcast_id"
	" AND person_id = d.person_id), t.finished_at, t.channel, l.channel, l.outcome"
	" FROM delivery d JOIN person p ON p.id = d.person_id"
	" JOIN department g ON g.id = p.department_id"
	" LEFT JOIN reply r ON r.id = (SELECT max(id) FROM reply"
	" WHERE broadcast_id = d.broadcast_id AND person_id = d.person_id)"
	" LEFT JOIN attempt t ON t.id = (SELECT id FROM attempt WHERE delivery_id = d.id"
	" AND outcome IN (" REACHED ") ORDER BY finished_at, id LIMIT 1)"
	" LEFT JOIN attempt l ON l.id = (SELECT max(id) FROM attempt WHERE delivery_id = d.id)"
	" WHERE d.broadcast_id = ? ORDER BY g.code, p.code";

static struct journey read_row(sqlite3_stmt *s)
{
	return (struct journey){
		.code = stmt_text(s, 0),
		.name = stmt_text(s, 1),
		.group = stmt_text(s, 2),
		.group_name = stmt_text(s, 3),
		.state = (enum delivery_state)sqlite3_column_int(s, 4),
		.has_contact = sqlite3_column_int(s, 5),
		.choice = stmt_text(s, 6),
		.answered_at = sqlite3_column_int64(s, 7),
		.reached_at = sqlite3_column_int64(s, 8),
		.reached_by = (enum channel)sqlite3_column_int(s, 9),
		.last_channel = (enum channel)sqlite3_column_int(s, 10),
		.last_outcome = (enum outcome)sqlite3_column_int(s, 11),
	};
}

enum store_status journeys_each(struct store *store, int64_t broadcast,
				void (*see)(const struct journey *j, void *arg), void *arg)
{
	sqlite3_stmt *s = stmt(store, people_sql, "i", broadcast);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		const struct journey j = read_row(s);
		see(&j, arg);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status journeys_before(struct store *store, int64_t broadcast, enum kind kind,
				  int64_t *ids, size_t room, size_t *count)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT id FROM broadcast WHERE id < ? AND kind = ?"
			       " AND started_at IS NOT NULL ORDER BY id DESC LIMIT ?",
			       "iii", broadcast, (int64_t)kind, (int64_t)room);
	enum store_status status = STORE_OK;

	*count = 0;
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK)
		ids[(*count)++] = sqlite3_column_int64(s, 0);
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}
