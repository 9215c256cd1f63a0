#include "common/store/broadcast.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/store/recorded.h"
#include "common/store/stmt.h"

#include <stdlib.h>

#define COLUMNS                                                                                  \
	"b.id, title, title_en, body, body_en, kind, state, lane, targets, channels,"            \
	" mail_retries, voice_retries, push_retries, temporary_retries, retry_interval,"         \
	" final_wait, rounds, round_interval, targeted, requested_at, expires_at, requested_by," \
	" q.choices, q.items, fanout_person, next_ordinal, sweep, sweep_ordinal, started_at,"    \
	" finished_at, answers_of FROM broadcast b JOIN question q ON q.broadcast_id = b.id"

void broadcast_free(struct broadcast *b)
{
	if (!b)
		return;
	free(b->title);
	free(b->title_en);
	free(b->body);
	free(b->body_en);
	free(b->targets);
	free(b->requested_by);
	free(b->choices);
	free(b->items);
	free(b);
}

static struct broadcast *read_row(sqlite3_stmt *s)
{
	struct broadcast *b = mem_alloc(sizeof *b);
	int column = 0;

#define NUMBER() sqlite3_column_int64(s, column++)
#define TEXT()   mem_string(stmt_text(s, column++))
	b->id = NUMBER();
	b->title = TEXT();
	b->title_en = TEXT();
	b->body = TEXT();
	b->body_en = TEXT();
	b->kind = (enum kind)NUMBER();
	b->state = (enum broadcast_state)NUMBER();
	b->lane = (int)NUMBER();
	b->targets = TEXT();
	b->channels = (unsigned)NUMBER();
	b->policy.retries[CHANNEL_MAIL] = (int)NUMBER();
	b->policy.retries[CHANNEL_VOICE] = (int)NUMBER();
	b->policy.retries[CHANNEL_PUSH] = (int)NUMBER();
	b->policy.temporary_retries = (int)NUMBER();
	b->policy.retry_interval = NUMBER();
	b->policy.final_wait = NUMBER();
	b->policy.rounds = (int)NUMBER();
	b->policy.round_interval = NUMBER();
	b->targeted = NUMBER();
	b->requested_at = NUMBER();
	b->expires_at = NUMBER();
	b->requested_by = TEXT();
	b->choices = TEXT();
	b->items = TEXT();
	b->fanned_out = sqlite3_column_type(s, column) == SQLITE_NULL;
	b->fanout_person = NUMBER();
	b->next_ordinal = NUMBER();
	b->sweep = (unsigned)NUMBER();
	b->sweep_ordinal = NUMBER();
	b->started_at = NUMBER();
	b->finished_at = NUMBER();
	b->answers_of = NUMBER();
#undef NUMBER
#undef TEXT
	return b;
}

enum store_status broadcast_load(struct store *store, int64_t id, struct broadcast **b)
{
	sqlite3_stmt *s = id ? stmt(store, "SELECT " COLUMNS " WHERE b.id=?", "i", id)
			     : stmt(store,
				    "SELECT " COLUMNS " WHERE kind < 4 ORDER BY b.id DESC LIMIT 1",
				    "");
	enum store_status status = stmt_row(store, s);

	*b = status ? NULL : read_row(s);
	stmt_end(s);
	return status;
}

enum store_status broadcast_each(struct store *store, int64_t most,
				 void (*see)(const struct broadcast *b, void *arg), void *arg)
{
	sqlite3_stmt *s =
		stmt(store, "SELECT " COLUMNS " WHERE kind <> 5 ORDER BY b.id DESC LIMIT ?", "i", most);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		struct broadcast *b = read_row(s);
		see(b, arg);
		broadcast_free(b);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status broadcast_shown(struct store *store, int64_t *ids, size_t room, size_t *count)
{
	sqlite3_stmt *s = stmt(
		store,
		"SELECT id FROM (SELECT id, state < 5 AS open FROM broadcast WHERE id IN"
		" (SELECT id FROM (SELECT id FROM broadcast WHERE state < 5 AND kind <> 5"
		"   ORDER BY id DESC LIMIT ?1)"
		"  UNION SELECT id FROM (SELECT id FROM broadcast WHERE kind <> 5 ORDER BY id DESC LIMIT ?1))"
		" ORDER BY open DESC, id DESC LIMIT ?1) ORDER BY id DESC",
		"i", (int64_t)room);
	enum store_status status = STORE_OK;

	*count = 0;
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK)
		ids[(*count)++] = sqlite3_column_int64(s, 0);
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status broadcast_open_ids(struct store *store, int64_t **ids, size_t *count)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT id FROM broadcast WHERE state < 5"
			       " UNION SELECT id FROM broadcast WHERE sweep <> 0 ORDER BY id",
			       "");
	enum store_status status;

	*ids = NULL;
	*count = 0;
	while ((status = stmt_row(store, s)) == STORE_OK) {
		*ids = mem_resize(*ids, *count + 1, sizeof **ids);
		(*ids)[(*count)++] = sqlite3_column_int64(s, 0);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

/* asking */

static enum store_status insert_broadcast(struct store *store, struct broadcast *b)
{
	const struct policy *p = &b->policy;
	sqlite3_stmt *s = stmt(
		store,
		"INSERT INTO broadcast(title, title_en, body, body_en, kind, state, lane, targets,"
		" channels, mail_retries, voice_retries, push_retries, temporary_retries,"
		" retry_interval, final_wait, rounds, round_interval, targeted, requested_at,"
		" requested_by, expires_at, fanout_person)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, 0)",
		"ssssiiisiiiiiiiiiisi", b->title, b->title_en, b->body, b->body_en,
		(int64_t)b->kind, (int64_t)BROADCAST_REQUESTED, (int64_t)b->lane, b->targets,
		(int64_t)b->channels, (int64_t)p->retries[CHANNEL_MAIL],
		(int64_t)p->retries[CHANNEL_VOICE], (int64_t)p->retries[CHANNEL_PUSH],
		(int64_t)p->temporary_retries, p->retry_interval, p->final_wait,
		(int64_t)p->rounds, p->round_interval, b->requested_at, b->requested_by,
		b->expires_at);
	enum store_status status = stmt_run(store, s);

	b->id = stmt_last_id(store);
	b->state = BROADCAST_REQUESTED;
	return status;
}

enum store_status broadcast_request(struct store *store, struct broadcast *b,
				    const struct target *targets, size_t count)
{
	enum store_status status = insert_broadcast(store, b);

	if (!status)
		status = stmt_run(store, stmt(store, "INSERT INTO question VALUES (?, ?, ?)",
					      "iss", b->id, b->choices, b->items));
	if (!status)
		status = target_insert(store, b->id, targets, count);
	if (!status)
		status = target_count(store, b->id, &b->targeted);
	if (!status)
		status = stmt_run(store,
				  stmt(store, "UPDATE broadcast SET targeted=? WHERE id=?",
				       "ii", b->targeted, b->id));
	if (!status)
		status = recorded_append(store, RECORDED_BROADCAST, b->requested_by, b->id);
	return status;
}

enum store_status broadcast_save(struct store *store, const struct broadcast *b)
{
	return stmt_run(
		store,
		stmt(store,
		     "UPDATE broadcast SET state=?, targeted=?, fanout_person=nullif(?, -1),"
		     " next_ordinal=?, sweep=?, sweep_ordinal=?, started_at=nullif(?, 0),"
		     " finished_at=nullif(?, 0) WHERE id=?",
		     "iiiiiiiii", (int64_t)b->state, b->targeted,
		     b->fanned_out ? INT64_C(-1) : b->fanout_person, b->next_ordinal,
		     (int64_t)b->sweep, b->sweep_ordinal, b->started_at, b->finished_at,
		     b->id));
}

/* controls */

enum store_status control_add(struct store *store, int64_t broadcast, enum control_verb verb,
			      const char *by, int64_t *control)
{
	int64_t known;
	enum store_status status =
		stmt_number(store,
			    stmt(store, "SELECT 1 FROM broadcast WHERE id=?", "i", broadcast),
			    0, &known);

	if (!status && !known)
		status = STORE_NONE;
	if (!status)
		status = stmt_run(store,
				  stmt(store,
				       "INSERT INTO control(broadcast_id, verb, at, by)"
				       " VALUES (?, ?, ?, ?)",
				       "iiis", broadcast, (int64_t)verb, clock_utc(), by));
	*control = stmt_last_id(store);
	if (!status)
		status = recorded_append(store, RECORDED_CONTROL, by, *control);
	return status;
}

enum store_status control_append(struct store *store, int64_t broadcast, enum control_verb verb,
				 const char *by, int64_t *control)
{
	enum store_status status = store_begin(store);

	if (!status)
		status = control_add(store, broadcast, verb, by, control);
	if (!status)
		return store_commit(store);
	store_rollback(store);
	return status;
}

enum store_status control_applied(struct store *store, int64_t control, bool *applied)
{
	int64_t position;
	enum store_status status = stmt_number(
		store, stmt(store, "SELECT position FROM cursor WHERE name='control'", ""), 0,
		&position);

	*applied = !status && position >= control;
	return status;
}
