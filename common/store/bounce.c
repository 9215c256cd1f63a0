#include "common/store/bounce.h"

#include "common/store/recorded.h"
#include "common/store/stmt.h"

#include <stdio.h>

enum store_status bounced_load(struct store *store, int64_t attempt, struct bounced *b)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT a.delivery_id, d.broadcast_id, d.person_id, a.channel,"
			       " ifnull(a.outcome, 0), a.dial_order, a.address_position,"
			       " a.created_at, a.address"
			       " FROM attempt a JOIN delivery d ON d.id = a.delivery_id"
			       " WHERE a.id=?",
			       "i", attempt);
	enum store_status status = stmt_row(store, s);

	if (!status) {
		*b = (struct bounced){
			.attempt = attempt,
			.delivery = sqlite3_column_int64(s, 0),
			.broadcast = sqlite3_column_int64(s, 1),
			.person = sqlite3_column_int64(s, 2),
			.channel = (enum channel)sqlite3_column_int(s, 3),
			.outcome = (enum outcome)sqlite3_column_int(s, 4),
			.dial_order = sqlite3_column_int(s, 5),
			.address_position = sqlite3_column_int(s, 6),
			.created_at = sqlite3_column_int64(s, 7),
		};
		snprintf(b->address, sizeof b->address, "%s", stmt_text(s, 8));
	}
	stmt_end(s);
	return status;
}

enum store_status bounce_append(struct store *store, const struct bounce *bounce, bool *fresh)
{
	enum store_status status =
		stmt_run(store, stmt(store,
				     "INSERT OR IGNORE INTO bounce(attempt_id, kind, status,"
				     " detail, at) VALUES (?, ?, ?, ?, ?)",
				     "iikki", bounce->attempt, (int64_t)bounce->kind,
				     bounce->status, bounce->detail, bounce->at));

	*fresh = !status && stmt_changes(store) > 0;
	if (*fresh)
		status = recorded_append(store, RECORDED_BOUNCE, "bounce", stmt_last_id(store));
	return status;
}

static void read_bounce(sqlite3_stmt *s, struct bounce *b)
{
	*b = (struct bounce){
		.id = sqlite3_column_int64(s, 0),
		.attempt = sqlite3_column_int64(s, 1),
		.kind = (enum bounce_kind)sqlite3_column_int(s, 2),
		.at = sqlite3_column_int64(s, 5),
	};
	snprintf(b->status, sizeof b->status, "%s", stmt_text(s, 3));
	snprintf(b->detail, sizeof b->detail, "%s", stmt_text(s, 4));
}

enum store_status facts_bounces(struct store *store, struct bounce *list, size_t room,
				size_t *count)
{
	sqlite3_stmt *s =
		stmt(store,
		     "SELECT id, attempt_id, kind, status, detail, at FROM bounce"
		     " WHERE id > ifnull((SELECT position FROM cursor WHERE name='bounce'), 0)"
		     " ORDER BY id LIMIT ?",
		     "i", (int64_t)room);
	enum store_status status = STORE_OK;

	*count = 0;
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK)
		read_bounce(s, &list[(*count)++]);
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

/* Refused, refused for now, an outage, taken back: nothing of it went out. */
#define STAYED    "(6, 7, 9, 10)"
#define SAME_PASS "(b.dial_order, b.round, b.try) = (a.dial_order, a.round, a.try)"

enum store_status bounced_is_alone(struct store *store, int64_t attempt, bool *alone)
{
	int64_t found = 0;
	enum store_status status = stmt_number(
		store,
		stmt(store,
		     "SELECT NOT EXISTS (SELECT 1 FROM attempt b"
		     " WHERE b.delivery_id = a.delivery_id AND b.id <> a.id AND ((b.id > a.id"
		     " AND NOT " SAME_PASS ") OR (" SAME_PASS
		     " AND (b.outcome IS NULL OR b.outcome NOT IN " STAYED "))))"
		     " FROM attempt a WHERE a.id = ?",
		     "i", attempt),
		0, &found);

	*alone = found != 0;
	return status;
}

enum store_status attempt_came_back(struct store *store, int64_t attempt, enum outcome outcome,
				    const char *detail)
{
	return stmt_run(store, stmt(store,
				    "UPDATE attempt SET first_outcome = outcome,"
				    " first_detail = ifnull(detail, ''), outcome = ?2, detail = ?3"
				    " WHERE id = ?1",
				    "iik", attempt, (int64_t)outcome, detail));
}

enum store_status bad_address_mark(struct store *store, const struct bounce *bounce)
{
	return stmt_run(store,
			stmt(store,
			     "INSERT INTO bad_address"
			     " SELECT d.person_id, a.address, ?2, ?3, ?4, a.id FROM attempt a"
			     " JOIN delivery d ON d.id = a.delivery_id WHERE a.id = ?1"
			     " AND EXISTS (SELECT 1 FROM contact c"
			     " WHERE c.person_id = d.person_id AND c.channel = 1"
			     " AND c.address = a.address)"
			     " ON CONFLICT DO UPDATE SET status = excluded.status,"
			     " detail = excluded.detail, attempt_id = excluded.attempt_id",
			     "iikk", bounce->attempt, bounce->at, bounce->status, bounce->detail));
}

enum store_status bad_address_tidy(struct store *store)
{
	return stmt_run(store,
			stmt(store,
			     "DELETE FROM bad_address WHERE NOT EXISTS (SELECT 1 FROM contact c"
			     " WHERE c.person_id = bad_address.person_id AND c.channel = 1"
			     " AND c.address = bad_address.address)",
			     ""));
}

enum store_status bad_address_each(struct store *store,
				   void (*see)(const struct bad_address *bad, void *arg), void *arg)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT p.code, p.name, g.name, c.position, ifnull(c.dial_order, 0),"
			       " c.spare, b.address, b.status, b.detail, b.since,"
			       " ifnull(a.delivery_id >> 32, 0), b.attempt_id"
			       " FROM bad_address b JOIN person p ON p.id = b.person_id"
			       " JOIN department g ON g.id = p.department_id"
			       " JOIN contact c ON c.person_id = b.person_id AND c.channel = 1"
			       " AND c.address = b.address"
			       " LEFT JOIN attempt a ON a.id = b.attempt_id"
			       " WHERE p.state <> 2 ORDER BY p.code, c.spare, c.position",
			       "");
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK)
		see(&(struct bad_address){.code = stmt_text(s, 0),
					  .name = stmt_text(s, 1),
					  .group_name = stmt_text(s, 2),
					  .position = sqlite3_column_int(s, 3),
					  .dial_order = sqlite3_column_int(s, 4),
					  .spare = sqlite3_column_int(s, 5),
					  .address = stmt_text(s, 6),
					  .status = stmt_text(s, 7),
					  .detail = stmt_text(s, 8),
					  .since = sqlite3_column_int64(s, 9),
					  .broadcast = sqlite3_column_int64(s, 10),
					  .attempt = sqlite3_column_int64(s, 11)},
		    arg);
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}
