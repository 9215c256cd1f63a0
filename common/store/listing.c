#include "common/store/listing.h"

#include "common/store/delivery.h"
#include "common/store/stmt.h"

/* Who is known to have answered counts as answered, whether or not the scheduler has read it. */
#define STATE "iif(r.id IS NULL, d.state, 3)"

static const char people_sql[] =
	"SELECT p.code, p.name, g.code, g.name, " STATE " AS state, r.choice, r.items, r.comment,"
	" r.way, r.by, r.at, a.channel, a.outcome, coalesce(a.finished_at, a.created_at)"
	" FROM delivery d JOIN person p ON p.id = d.person_id"
	" JOIN department g ON g.id = p.department_id"
	" LEFT JOIN reply r ON r.id = (SELECT max(id) FROM reply"
	" WHERE broadcast_id = d.broadcast_id AND person_id = d.person_id)"
	" LEFT JOIN attempt a ON a.id = (SELECT max(id) FROM attempt WHERE delivery_id = d.id)"
	" WHERE d.broadcast_id = ?1 AND (?2 >> " STATE ") & 1 AND (?3 IS NULL OR r.choice = ?3)"
	" ORDER BY g.code, p.code";

/* A family user stands under the person's ID; one who was taken out has none. */
static const char family_sql[] =
	"SELECT ifnull(p.code || '/' || f.code, ''), ifnull(f.name, ''), ifnull(g.code, ''),"
	" ifnull(g.name, ''), d.state, NULL, NULL, NULL, NULL, NULL, NULL, a.channel, a.outcome,"
	" coalesce(a.finished_at, a.created_at) FROM delivery d"
	" LEFT JOIN family f ON f.id = -d.person_id LEFT JOIN person p ON p.id = f.person_id"
	" LEFT JOIN department g ON g.id = p.department_id"
	" LEFT JOIN attempt a ON a.id = (SELECT max(id) FROM attempt WHERE delivery_id = d.id)"
	" WHERE d.broadcast_id = ?1 AND (?2 >> d.state) & 1 AND ?3 IS NULL"
	" ORDER BY g.code, p.code, f.code";

static struct listed read_row(sqlite3_stmt *s)
{
	return (struct listed){
		.code = stmt_text(s, 0),
		.name = stmt_text(s, 1),
		.group = stmt_text(s, 2),
		.group_name = stmt_text(s, 3),
		.state = (enum delivery_state)sqlite3_column_int(s, 4),
		.choice = stmt_text(s, 5),
		.items = stmt_text(s, 6),
		.comment = stmt_text(s, 7),
		.way = (enum reply_way)sqlite3_column_int(s, 8),
		.by = stmt_text(s, 9),
		.answered_at = sqlite3_column_int64(s, 10),
		.channel = (enum channel)sqlite3_column_int(s, 11),
		.outcome = (enum outcome)sqlite3_column_int(s, 12),
		.tried_at = sqlite3_column_int64(s, 13),
	};
}

enum store_status listing_each(struct store *store, const struct listing *listing,
			       void (*see)(const struct listed *person, void *arg), void *arg)
{
	sqlite3_stmt *s = stmt(store, listing->family ? family_sql : people_sql, "iis",
			       listing->broadcast, (int64_t)listing->states, listing->choice);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		struct listed person = read_row(s);
		see(&person, arg);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status listing_unanswered(struct store *store, int64_t broadcast, int64_t ordinal,
				     void (*see)(const struct listed *person, void *arg),
				     void *arg, int64_t *next)
{
	enum { STRETCH = 5000 };
	int64_t first = delivery_id(broadcast, ordinal), end = first + STRETCH, there = 0;
	sqlite3_stmt *s = stmt(store,
			       "SELECT p.code, p.name, g.name, d.state FROM delivery d"
			       " JOIN person p ON p.id = d.person_id"
			       " JOIN department g ON g.id = p.department_id"
			       " WHERE d.id>=? AND d.id<? AND d.state IN (1, 2, 4) AND NOT EXISTS"
			       " (SELECT 1 FROM reply WHERE broadcast_id = d.broadcast_id"
			       " AND person_id = d.person_id) ORDER BY d.id",
			       "ii", first, end);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		const struct listed person = {
			.code = stmt_text(s, 0),
			.name = stmt_text(s, 1),
			.group_name = stmt_text(s, 2),
			.state = (enum delivery_state)sqlite3_column_int(s, 3),
		};
		see(&person, arg);
	}
	stmt_end(s);
	if (status == STORE_NONE)
		status = stmt_number(store,
				     stmt(store,
					  "SELECT EXISTS (SELECT 1 FROM delivery WHERE id>=? AND id<?)",
					  "ii", end, delivery_id(broadcast + 1, 0)),
				     0, &there);
	*next = there ? ordinal + STRETCH : -1;
	return status;
}
