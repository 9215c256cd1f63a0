#include "common/store/call.h"

#include "common/store/stmt.h"

#include <stdio.h>

/* the conversation */

static enum store_status read_party(struct store *store, sqlite3_stmt *s, struct call_party *party)
{
	enum store_status status = stmt_row(store, s);

	if (!status)
		*party = (struct call_party){
			.attempt = sqlite3_column_int64(s, 0),
			.broadcast = sqlite3_column_int64(s, 1),
			.person = sqlite3_column_int64(s, 2),
			.leader = sqlite3_column_int64(s, 3),
		};
	stmt_end(s);
	return status;
}

#define PARTY                                                                       \
	"SELECT a.id, d.broadcast_id, d.person_id, ifnull(a.call_attempt_id, a.id)" \
	" FROM attempt a JOIN delivery d ON d.id = a.delivery_id"

enum store_status call_party_load(struct store *store, int64_t attempt, struct call_party *party)
{
	return read_party(store, stmt(store, PARTY " WHERE a.id = ?", "i", attempt), party);
}

enum store_status call_party_next(struct store *store, int64_t leader, int64_t after,
				  struct call_party *party)
{
	return read_party(store,
			  stmt(store,
			       PARTY
			       " WHERE a.id > ?2 AND (a.id = ?1 OR a.call_attempt_id = ?1)"
			       " AND NOT EXISTS (SELECT 1 FROM reply r WHERE"
			       " r.broadcast_id = d.broadcast_id AND r.person_id = d.person_id)"
			       " ORDER BY a.id LIMIT 1",
			       "ii", leader, after),
			  party);
}

/* what the provider said */

enum store_status call_event_append(struct store *store, const struct call_event *event)
{
	return stmt_run(store, stmt(store,
				    "INSERT INTO call_event(attempt_id, call_sid, status,"
				    " answered_by, sequence, at) SELECT ?1, ?2, ?3, ?4, ?5, ?6"
				    " WHERE NOT EXISTS (SELECT 1 FROM call_event"
				    " WHERE attempt_id=?1 AND call_sid=?2 AND status=?3"
				    " AND answered_by=?4 AND sequence=?5)",
				    "ikikii", event->attempt, event->sid, (int64_t)event->status,
				    event->answered_by, event->sequence, event->at));
}

static void read_event(sqlite3_stmt *s, struct call_event *e)
{
	*e = (struct call_event){
		.id = sqlite3_column_int64(s, 0),
		.attempt = sqlite3_column_int64(s, 1),
		.status = (enum call_status)sqlite3_column_int(s, 3),
		.sequence = sqlite3_column_int64(s, 5),
		.at = sqlite3_column_int64(s, 6),
	};
	snprintf(e->sid, sizeof e->sid, "%s", stmt_text(s, 2));
	snprintf(e->answered_by, sizeof e->answered_by, "%s", stmt_text(s, 4));
}

enum store_status facts_call_events(struct store *store, struct call_event *list, size_t room,
				    size_t *count)
{
	sqlite3_stmt *s =
		stmt(store,
		     "SELECT id, attempt_id, call_sid, status, answered_by, sequence, at"
		     " FROM call_event"
		     " WHERE id > ifnull((SELECT position FROM cursor WHERE name='call'), 0)"
		     " ORDER BY id LIMIT ?",
		     "i", (int64_t)room);
	enum store_status status = STORE_OK;

	*count = 0;
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK)
		read_event(s, &list[(*count)++]);
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

static enum store_status exists(struct store *store, sqlite3_stmt *s, bool *there)
{
	int64_t found = 0;
	enum store_status status = stmt_number(store, s, 0, &found);

	*there = found != 0;
	return status;
}

enum store_status call_machine_heard(struct store *store, int64_t attempt, bool *machine)
{
	return exists(store,
		      stmt(store,
			   "SELECT EXISTS (SELECT 1 FROM call_event WHERE attempt_id=?"
			   " AND (answered_by LIKE 'machine%' OR answered_by = 'fax'))",
			   "i", attempt),
		      machine);
}

/* the scheduler's */

enum store_status attempt_place(struct store *store, int64_t attempt, const char *reference,
				int64_t expected_by)
{
	return stmt_run(store, stmt(store,
				    "UPDATE attempt SET reference=ifnull(reference, ?2),"
				    " expected_by=?3, looked=0 WHERE id=?1",
				    "iki", attempt, reference, expected_by));
}

enum store_status attempt_ask(struct store *store, int64_t attempt, int64_t expected_by)
{
	return stmt_run(store,
			stmt(store, "UPDATE attempt SET looked=1, expected_by=?2 WHERE id=?1", "ii",
			     attempt, expected_by));
}

enum store_status attempt_riders(struct store *store, int64_t leader, int64_t *list, size_t room,
				 size_t *count)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT id FROM attempt WHERE call_attempt_id=?"
			       " AND outcome IS NULL ORDER BY id LIMIT ?",
			       "ii", leader, (int64_t)room);
	enum store_status status = STORE_OK;

	*count = 0;
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK)
		list[(*count)++] = sqlite3_column_int64(s, 0);
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status attempt_overdue(struct store *store, int64_t now, struct overdue *list,
				  size_t room, size_t *count)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT id, reference, looked FROM attempt WHERE outcome IS NULL"
			       " AND expected_by IS NOT NULL AND expected_by<=?"
			       " ORDER BY expected_by LIMIT ?",
			       "ii", now, (int64_t)room);
	enum store_status status = STORE_OK;

	*count = 0;
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK) {
		struct overdue *o = &list[(*count)++];
		o->attempt = sqlite3_column_int64(s, 0);
		snprintf(o->reference, sizeof o->reference, "%s", stmt_text(s, 1));
		o->looked = sqlite3_column_int(s, 2);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status attempt_next_overdue(struct store *store, int64_t *at)
{
	return stmt_number(store,
			   stmt(store,
				"SELECT ifnull(min(expected_by), ?) FROM attempt"
				" WHERE outcome IS NULL AND expected_by IS NOT NULL",
				"i", INT64_MAX),
			   INT64_MAX, at);
}

enum store_status attempt_placed_count(struct store *store, int64_t *count)
{
	return stmt_number(store,
			   stmt(store,
				"SELECT count(*) FROM attempt WHERE outcome IS NULL"
				" AND expected_by IS NOT NULL",
				""),
			   0, count);
}

enum store_status call_number_taken(struct store *store, const char *number, bool *taken)
{
	return exists(store,
		      stmt(store,
			   "SELECT EXISTS (SELECT 1 FROM attempt WHERE outcome IS NULL"
			   " AND channel=2 AND address=?)",
			   "k", number),
		      taken);
}

enum store_status delivery_sharing(struct store *store, const struct delivery *with,
				   const char *number, const int queues[2], int64_t now,
				   struct delivery *list, size_t room, size_t *count)
{
	sqlite3_stmt *s =
		stmt(store,
		     "SELECT DISTINCT d.id FROM contact c JOIN delivery d ON d.broadcast_id = ?1"
		     " AND d.person_id = c.person_id WHERE c.number = ?2 AND c.spare = 0"
		     " AND c.dial_order IS NOT NULL AND d.state = 1 AND d.queue IN (?3, ?4)"
		     " AND d.due_at <= ?5 AND d.id <> ?6 ORDER BY d.id LIMIT ?7",
		     "ikiiiii", with->broadcast, number, (int64_t)queues[0], (int64_t)queues[1],
		     now, with->id, (int64_t)room);
	enum store_status status = STORE_OK;

	*count = 0;
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK) {
		status = delivery_load(store, sqlite3_column_int64(s, 0), &list[(*count)++]);
		if (status)
			break;
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}
