#include "common/store/broadcast.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/store/recorded.h"
#include "common/store/stmt.h"

#include <stdlib.h>

/* The people of a broadcast's targets, ?1: its id. Only active people are dialled. */
#define TARGETED_PEOPLE                                                                      \
	" FROM person p WHERE p.state = 0 AND ("                                             \
	"EXISTS (SELECT 1 FROM target WHERE broadcast_id=?1 AND kind=1)"                     \
	" OR p.department_id IN (SELECT value FROM target WHERE broadcast_id=?1 AND kind=2)" \
	" OR p.id IN (SELECT value FROM target WHERE broadcast_id=?1 AND kind=3)"            \
	" OR p.work_region IN (SELECT value FROM target WHERE broadcast_id=?1 AND kind=4)"   \
	" OR p.home_region IN (SELECT value FROM target WHERE broadcast_id=?1 AND kind=4)"   \
	" OR p.second_region IN (SELECT value FROM target WHERE broadcast_id=?1 AND kind=4)" \
	" OR EXISTS (SELECT 1 FROM target t JOIN delivery d ON d.broadcast_id = t.value"     \
	" AND d.person_id = p.id AND d.state <> 3 WHERE t.broadcast_id=?1 AND t.kind=5))"

#define COLUMNS                                                                                  \
	"b.id, title, title_en, body, body_en, kind, state, lane, targets, channels,"            \
	" mail_retries, voice_retries, push_retries, temporary_retries, retry_interval,"         \
	" final_wait, rounds, round_interval, targeted, requested_at, expires_at, requested_by," \
	" q.choices, q.items, fanout_person, next_ordinal, sweep, sweep_ordinal, started_at,"    \
	" finished_at FROM broadcast b JOIN question q ON q.broadcast_id = b.id"

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
#undef NUMBER
#undef TEXT
	return b;
}

enum store_status broadcast_load(struct store *store, int64_t id, struct broadcast **b)
{
	sqlite3_stmt *s = id ? stmt(store, "SELECT " COLUMNS " WHERE b.id=?", "i", id)
			     : stmt(store, "SELECT " COLUMNS " ORDER BY b.id DESC LIMIT 1", "");
	enum store_status status = stmt_row(store, s);

	*b = status ? NULL : read_row(s);
	stmt_end(s);
	return status;
}

enum store_status broadcast_each(struct store *store, int64_t most,
				 void (*see)(const struct broadcast *b, void *arg), void *arg)
{
	sqlite3_stmt *s =
		stmt(store, "SELECT " COLUMNS " ORDER BY b.id DESC LIMIT ?", "i", most);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		struct broadcast *b = read_row(s);
		see(b, arg);
		broadcast_free(b);
	}
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

/* targets */

static enum store_status insert_targets(struct store *store, int64_t broadcast,
					const struct target *targets, size_t count)
{
	static const char insert[] = "INSERT OR IGNORE INTO target VALUES (?, ?, ?)";

	for (size_t i = 0; i < count; i++) {
		const struct target *t = &targets[i];
		sqlite3_stmt *s = t->kind == TARGET_REGION
					  ? stmt(store, insert, "iis", broadcast,
						 (int64_t)t->kind, t->text)
					  : stmt(store, insert, "iii", broadcast,
						 (int64_t)t->kind, t->number);
		enum store_status status = stmt_run(store, s);
		if (status)
			return status;
	}
	return STORE_OK;
}

static enum store_status count_stored(struct store *store, int64_t broadcast, int64_t *people)
{
	return stmt_number(store,
			   stmt(store, "SELECT count(*)" TARGETED_PEOPLE, "i", broadcast), 0,
			   people);
}

static enum store_status plans_stored(struct store *store, struct plan_count **plans,
				      size_t *count)
{
	sqlite3_stmt *s =
		stmt(store, "SELECT p.plan, count(*)" TARGETED_PEOPLE " GROUP BY p.plan", "i",
		     INT64_C(0));
	enum store_status status;

	*plans = NULL;
	*count = 0;
	while ((status = stmt_row(store, s)) == STORE_OK) {
		*plans = mem_resize(*plans, *count + 1, sizeof **plans);
		(*plans)[(*count)++] = (struct plan_count){
			.plan = sqlite3_column_int64(s, 0),
			.people = sqlite3_column_int64(s, 1),
		};
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

/* A question about targets that no broadcast has: they are stored under 0 and taken back. */
static enum store_status ask_begin(struct store *store, const struct target *targets,
				   size_t count)
{
	enum store_status status = stmt_script(store, "SAVEPOINT ask");
	return status ? status : insert_targets(store, 0, targets, count);
}

static enum store_status ask_end(struct store *store, enum store_status status)
{
	enum store_status ended = stmt_script(store, "ROLLBACK TO ask; RELEASE ask");
	return status ? status : ended;
}

enum store_status target_plans(struct store *store, const struct target *targets, size_t count,
			       struct plan_count **plans, size_t *plan_count)
{
	enum store_status status = ask_begin(store, targets, count);

	*plans = NULL;
	if (!status)
		status = plans_stored(store, plans, plan_count);
	return ask_end(store, status);
}

enum store_status target_includes(struct store *store, int64_t broadcast, int64_t person,
				  bool *included)
{
	int64_t found;
	enum store_status status = stmt_number(
		store,
		stmt(store, "SELECT 1" TARGETED_PEOPLE " AND p.id=?2", "ii", broadcast, person),
		0, &found);

	*included = found != 0;
	return status;
}

enum store_status target_next(struct store *store, int64_t broadcast, int64_t after,
			      struct targeted *people, size_t room, size_t *count)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT p.id, p.plan" TARGETED_PEOPLE " AND p.id > ?2"
			       " ORDER BY p.id LIMIT ?3",
			       "iii", broadcast, after, (int64_t)room);
	enum store_status status = STORE_OK;

	*count = 0;
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK)
		people[(*count)++] = (struct targeted){
			.person = sqlite3_column_int64(s, 0),
			.plan = sqlite3_column_int64(s, 1),
		};
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
		status = insert_targets(store, b->id, targets, count);
	if (!status)
		status = count_stored(store, b->id, &b->targeted);
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

enum store_status control_append(struct store *store, int64_t broadcast, enum control_verb verb,
				 const char *by, int64_t *control)
{
	int64_t known;
	enum store_status status = store_begin(store);

	if (status)
		return status;
	status = stmt_number(store,
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
