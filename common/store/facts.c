/* The scheduler's bookkeeping: counters, cursors over facts, hand-over marks. */

#include "common/store/delivery.h"
#include "common/store/stmt.h"

#include <stdio.h>

enum { PROGRESS_SLOT_MS = 10000 };

static const char *tally_name(enum tally what)
{
	static const char *const names[] = {[TALLY_STATE] = "state",
					    [TALLY_ATTEMPT] = "attempt",
					    [TALLY_ANSWER] = "answer"};
	return names[what];
}

enum store_status tally_add(struct store *store, int64_t broadcast, enum tally what,
			    int64_t key, int64_t n)
{
	return stmt_run(store, stmt(store,
				    "INSERT INTO tally VALUES (?, ?, ?, ?)"
				    " ON CONFLICT DO UPDATE SET n = n + excluded.n",
				    "ikii", broadcast, tally_name(what), key, n));
}

enum store_status tally_add_answer(struct store *store, int64_t broadcast, const char *choice,
				   int64_t n)
{
	return stmt_run(store, stmt(store,
				    "INSERT INTO tally VALUES (?, 'answer', ?, ?)"
				    " ON CONFLICT DO UPDATE SET n = n + excluded.n",
				    "iki", broadcast, choice, n));
}

enum store_status tally_get(struct store *store, int64_t broadcast, enum tally what,
			    int64_t key, int64_t *n)
{
	return stmt_number(store,
			   stmt(store,
				"SELECT n FROM tally WHERE broadcast_id=? AND what=? AND key=?",
				"iki", broadcast, tally_name(what), key),
			   0, n);
}

enum store_status progress_add(struct store *store, int64_t broadcast, int64_t at,
			       int64_t attempts, int64_t answers)
{
	return stmt_run(
		store,
		stmt(store,
		     "INSERT INTO progress VALUES (?, ?, ?, ?)"
		     " ON CONFLICT DO UPDATE SET attempts = attempts + excluded.attempts,"
		     " answers = answers + excluded.answers",
		     "iiii", broadcast, at / PROGRESS_SLOT_MS, attempts, answers));
}

enum store_status channel_down_set(struct store *store, enum channel channel, int64_t since,
				   const char *reason)
{
	if (since == 0)
		return stmt_run(store, stmt(store, "DELETE FROM channel_down WHERE channel=?", "i",
					    (int64_t)channel));
	return stmt_run(store, stmt(store, "INSERT OR IGNORE INTO channel_down VALUES (?, ?, ?)",
				    "iis", (int64_t)channel, since, reason));
}

#define REPLY_COLUMNS                            \
	"id, broadcast_id, person_id, at, choice," \
	" (SELECT department_id FROM person WHERE person.id = person_id)"

static void read_reply(sqlite3_stmt *s, struct reply_fact *r)
{
	r->id = sqlite3_column_int64(s, 0);
	r->broadcast = sqlite3_column_int64(s, 1);
	r->person = sqlite3_column_int64(s, 2);
	r->at = sqlite3_column_int64(s, 3);
	snprintf(r->choice, sizeof r->choice, "%s", stmt_text(s, 4));
	r->group = sqlite3_column_int64(s, 5);
}

enum store_status facts_replies(struct store *store, struct reply_fact *list, size_t room,
				size_t *count)
{
	sqlite3_stmt *s =
		stmt(store,
		     "SELECT " REPLY_COLUMNS " FROM reply"
		     " WHERE id > ifnull((SELECT position FROM cursor WHERE name='reply'), 0)"
		     " ORDER BY id LIMIT ?",
		     "i", (int64_t)room);
	enum store_status status = STORE_OK;

	*count = 0;
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK)
		read_reply(s, &list[(*count)++]);
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status facts_next_replier(struct store *store, int64_t broadcast, int64_t from,
				     int64_t *person)
{
	return stmt_number(store,
			   stmt(store,
				"SELECT min(person_id) FROM reply WHERE broadcast_id=?"
				" AND person_id>=?",
				"ii", broadcast, from),
			   INT64_MAX, person);
}

enum store_status facts_reply_of(struct store *store, int64_t broadcast, int64_t person,
				 struct reply_fact *reply)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT " REPLY_COLUMNS " FROM reply"
			       " WHERE broadcast_id=? AND person_id=? ORDER BY id DESC LIMIT 1",
			       "ii", broadcast, person);
	enum store_status status = stmt_row(store, s);

	if (!status)
		read_reply(s, reply);
	stmt_end(s);
	return status;
}

enum store_status facts_controls(struct store *store, struct control_fact *list, size_t room,
				 size_t *count)
{
	sqlite3_stmt *s =
		stmt(store,
		     "SELECT id, broadcast_id, verb FROM control"
		     " WHERE id > ifnull((SELECT position FROM cursor WHERE name='control'), 0)"
		     " ORDER BY id LIMIT ?",
		     "i", (int64_t)room);
	enum store_status status = STORE_OK;

	*count = 0;
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK)
		list[(*count)++] = (struct control_fact){
			.id = sqlite3_column_int64(s, 0),
			.broadcast = sqlite3_column_int64(s, 1),
			.verb = (enum control_verb)sqlite3_column_int(s, 2),
		};
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status facts_seen(struct store *store, const char *cursor, int64_t position)
{
	return stmt_run(store, stmt(store, "REPLACE INTO cursor VALUES (?, ?)", "ki", cursor,
				    position));
}

enum store_status handover_mark(struct store *store, enum channel channel, int lane,
				int64_t *attempt)
{
	return stmt_number(store,
			   stmt(store,
				"SELECT attempt_id FROM handover WHERE channel=? AND lane=?",
				"ii", (int64_t)channel, (int64_t)lane),
			   0, attempt);
}

enum store_status handover_mark_set(struct store *store, enum channel channel, int lane,
				    int64_t attempt)
{
	return stmt_run(store, stmt(store, "REPLACE INTO handover VALUES (?, ?, ?)", "iii",
				    (int64_t)channel, (int64_t)lane, attempt));
}
