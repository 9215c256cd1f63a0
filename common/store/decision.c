#include "common/store/decision.h"

#include "common/base/mem.h"
#include "common/store/stmt.h"
#include "common/store/totals.h"

#include <stdlib.h>

/* events */

enum store_status event_keep(struct store *store, struct kept_event *e)
{
	enum store_status status = stmt_run(
		store, stmt(store,
			    "INSERT INTO event(telegram_id, hazard, status, act, title, keys,"
			    " sent_at, occurred_at, event)"
			    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			    "iiiissiis", e->telegram, (int64_t)e->hazard, (int64_t)e->status,
			    (int64_t)e->act, e->title, e->keys, e->sent_at, e->occurred_at, e->json));

	e->id = stmt_last_id(store);
	return status;
}

enum store_status event_each(struct store *store, int64_t telegram,
			     void (*see)(const struct kept_event *event, void *arg), void *arg)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT id, telegram_id, hazard, status, act, title, keys, sent_at,"
			       " occurred_at, event FROM event WHERE telegram_id=? ORDER BY id",
			       "i", telegram);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		struct kept_event e = {
			.id = sqlite3_column_int64(s, 0),
			.telegram = sqlite3_column_int64(s, 1),
			.hazard = sqlite3_column_int(s, 2),
			.status = sqlite3_column_int(s, 3),
			.act = sqlite3_column_int(s, 4),
			.title = stmt_text(s, 5),
			.keys = stmt_text(s, 6),
			.sent_at = sqlite3_column_int64(s, 7),
			.occurred_at = sqlite3_column_int64(s, 8),
			.json = stmt_text(s, 9),
		};
		see(&e, arg);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status event_load(struct store *store, int64_t id, int64_t *telegram, char **json)
{
	sqlite3_stmt *s = stmt(store, "SELECT telegram_id, event FROM event WHERE id=?", "i", id);
	enum store_status status = stmt_row(store, s);

	*json = NULL;
	if (!status) {
		*telegram = sqlite3_column_int64(s, 0);
		*json = mem_string(stmt_text(s, 1));
	}
	stmt_end(s);
	return status;
}

/* decisions */

enum store_status decision_keep(struct store *store, struct kept_decision *d)
{
	enum store_status status = stmt_run(
		store, stmt(store,
			    "INSERT INTO decision(event_id, rule, verdict, reason, acted, at,"
			    " broadcast_id, due_at) VALUES (?, ?, ?, ?, ?, ?, nullif(?, 0),"
			    " nullif(?, 0))",
			    "isissiii", d->event, d->rule, (int64_t)d->verdict, d->reason, d->acted,
			    d->at, d->broadcast, d->due_at));

	d->id = stmt_last_id(store);
	return status ? status : total_add(store, TOTAL_DECISION, d->verdict, 1);
}

#define DECISION_COLUMNS \
	"d.id, d.event_id, d.rule, d.verdict, d.reason, d.acted, d.at, d.broadcast_id, d.due_at"

static struct kept_decision read_decision(sqlite3_stmt *s)
{
	return (struct kept_decision){
		.id = sqlite3_column_int64(s, 0),
		.event = sqlite3_column_int64(s, 1),
		.rule = stmt_text(s, 2),
		.verdict = sqlite3_column_int(s, 3),
		.reason = stmt_text(s, 4),
		.acted = stmt_text(s, 5),
		.at = sqlite3_column_int64(s, 6),
		.broadcast = sqlite3_column_int64(s, 7),
		.due_at = sqlite3_column_int64(s, 8),
	};
}

enum store_status decision_each(struct store *store, int64_t event,
				void (*see)(const struct kept_decision *decision, void *arg),
				void *arg)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT " DECISION_COLUMNS " FROM decision d WHERE event_id=?"
			       " ORDER BY id",
			       "i", event);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		struct kept_decision d = read_decision(s);
		see(&d, arg);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status decision_since(struct store *store, int64_t since, const int hazards[2],
				 int64_t drill,
				 void (*see)(const struct kept_decision *decision,
					     const struct kept_event *event, void *arg),
				 void *arg)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT " DECISION_COLUMNS ", e.telegram_id, e.hazard, e.status,"
			       " e.act, e.title, e.keys, e.sent_at, e.occurred_at"
			       " FROM decision d JOIN event e ON e.id = d.event_id"
			       " JOIN telegram t ON t.id = e.telegram_id"
			       " WHERE d.at >= ? AND e.hazard IN (?, ?) AND t.drill = ?"
			       " ORDER BY d.id",
			       "iiii", since, (int64_t)hazards[0], (int64_t)hazards[1], drill);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		struct kept_decision d = read_decision(s);
		struct kept_event e = {
			.id = d.event,
			.telegram = sqlite3_column_int64(s, 9),
			.hazard = sqlite3_column_int(s, 10),
			.status = sqlite3_column_int(s, 11),
			.act = sqlite3_column_int(s, 12),
			.title = stmt_text(s, 13),
			.keys = stmt_text(s, 14),
			.sent_at = sqlite3_column_int64(s, 15),
			.occurred_at = sqlite3_column_int64(s, 16),
		};
		see(&d, &e, arg);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status decision_next_held(struct store *store, struct held *held)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT d.id, e.id, t.id, t.drill, d.due_at, d.rule FROM decision d"
			       " JOIN event e ON e.id = d.event_id"
			       " JOIN telegram t ON t.id = e.telegram_id"
			       " WHERE d.due_at IS NOT NULL ORDER BY d.due_at, d.id LIMIT 1",
			       "");
	enum store_status status = stmt_row(store, s);

	*held = (struct held){0};
	if (!status)
		*held = (struct held){
			.decision = sqlite3_column_int64(s, 0),
			.event = sqlite3_column_int64(s, 1),
			.telegram = sqlite3_column_int64(s, 2),
			.drill = sqlite3_column_int64(s, 3),
			.due_at = sqlite3_column_int64(s, 4),
			.rule = mem_string(stmt_text(s, 5)),
		};
	stmt_end(s);
	return status;
}

enum store_status decision_resolve(struct store *store, int64_t decision)
{
	return stmt_run(store,
			stmt(store, "UPDATE decision SET due_at=NULL WHERE id=?", "i", decision));
}

/* feeds */

enum store_status feed_note(struct store *store, const char *url, int64_t asked_at,
			    const char *fault)
{
	return stmt_run(store, stmt(store,
				    "INSERT INTO feed VALUES (?1, ?2, iif(?3 = '', ?2, NULL), ?3)"
				    " ON CONFLICT DO UPDATE SET asked_at = ?2, fault = ?3,"
				    " answered_at = iif(?3 = '', ?2, answered_at)",
				    "sis", url, asked_at, fault));
}

enum store_status feed_answered(struct store *store, const char *url, int64_t *at)
{
	return stmt_number(store, stmt(store, "SELECT answered_at FROM feed WHERE url=?", "s", url),
			   0, at);
}

enum store_status feed_each(struct store *store,
			    void (*see)(const struct feed_state *feed, void *arg), void *arg)
{
	sqlite3_stmt *s =
		stmt(store, "SELECT url, fault, asked_at, answered_at FROM feed ORDER BY url", "");
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		struct feed_state feed = {
			.url = stmt_text(s, 0),
			.fault = stmt_text(s, 1),
			.asked_at = sqlite3_column_int64(s, 2),
			.answered_at = sqlite3_column_int64(s, 3),
		};
		see(&feed, arg);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}
