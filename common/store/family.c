#include "common/store/family.h"

#include "common/base/mem.h"
#include "common/store/stmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies a column; what does not fit was not stored by us and is cut. */
#define COPY_TEXT(to, s, column) snprintf(to, sizeof(to), "%s", stmt_text(s, column))

#define COLUMNS                                                                              \
	"f.id, f.person_id, f.code, f.name, f.kana, f.language, f.region, f.city, f.street," \
	" f.mail1, f.mail2, f.mail3, f.telephone"

static void read_row(sqlite3_stmt *s, struct family *f)
{
	*f = (struct family){
		.id = sqlite3_column_int64(s, 0),
		.person = sqlite3_column_int64(s, 1),
		.language = sqlite3_column_int(s, 5) ? LANGUAGE_EN : LANGUAGE_JA,
	};
	COPY_TEXT(f->code, s, 2);
	COPY_TEXT(f->name, s, 3);
	COPY_TEXT(f->kana, s, 4);
	COPY_TEXT(f->region, s, 6);
	COPY_TEXT(f->city, s, 7);
	COPY_TEXT(f->street, s, 8);
	for (int i = 0; i < PLAN_ADDRESSES; i++)
		COPY_TEXT(f->mail[i], s, 9 + i);
	COPY_TEXT(f->telephone, s, 12);
}

/* All mail addresses, one after the other, as the only contact. */
static int64_t plan_of(const struct family *f)
{
	struct plan plan = {.step = {{.channel = CHANNEL_MAIL, .dial_order = 1, .position = 1}}};

	while (plan.step[0].addresses < PLAN_ADDRESSES && f->mail[plan.step[0].addresses][0])
		plan.step[0].addresses++;
	plan.steps = plan.step[0].addresses > 0;
	return plan_pack(&plan);
}

enum store_status family_put(struct store *store, struct family *f)
{
	sqlite3_stmt *s =
		stmt(store,
		     "INSERT INTO family(id, person_id, code, name, kana, language, region, city,"
		     " street, mail1, mail2, mail3, telephone, plan)"
		     " VALUES (nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		     " ON CONFLICT (id) DO UPDATE SET name=excluded.name, kana=excluded.kana,"
		     " language=excluded.language, region=excluded.region, city=excluded.city,"
		     " street=excluded.street, mail1=excluded.mail1, mail2=excluded.mail2,"
		     " mail3=excluded.mail3, telephone=excluded.telephone, plan=excluded.plan",
		     "iikkkikkkkkkki", f->id, f->person, f->code, f->name, f->kana,
		     (int64_t)f->language, f->region, f->city, f->street, f->mail[0], f->mail[1],
		     f->mail[2], f->telephone, plan_of(f));
	enum store_status status = stmt_run(store, s);

	if (!f->id)
		f->id = stmt_last_id(store);
	return status;
}

enum store_status family_delete(struct store *store, int64_t id)
{
	enum store_status status =
		stmt_run(store, stmt(store, "DELETE FROM family WHERE id=?", "i", id));

	if (!status && stmt_changes(store) != 1)
		return STORE_CONFLICT;
	return status;
}

enum store_status family_load(struct store *store, int64_t id, struct family *family)
{
	sqlite3_stmt *s = stmt(store, "SELECT " COLUMNS " FROM family f WHERE f.id=?", "i", id);
	enum store_status status = stmt_row(store, s);

	if (!status)
		read_row(s, family);
	stmt_end(s);
	return status;
}

enum store_status family_each(struct store *store, int64_t person,
			      void (*see)(const char *user, const struct family *family, void *arg),
			      void *arg)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT " COLUMNS ", p.code FROM family f"
			       " JOIN person p ON p.id = f.person_id WHERE ?1 IN (0, f.person_id)"
			       " ORDER BY p.code, f.code",
			       "i", person);
	enum store_status status;
	struct family family;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		read_row(s, &family);
		see(stmt_text(s, 13), &family, arg);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status family_any(struct store *store, bool *any)
{
	int64_t found;
	enum store_status status = stmt_number(
		store, stmt(store, "SELECT EXISTS (SELECT 1 FROM family)", ""), 0, &found);

	*any = found != 0;
	return status;
}

/* telling of answers */

enum store_status family_members(struct store *store, int64_t person,
				 struct family_member **members, size_t *count)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT f.id, f.plan FROM family f JOIN person p"
			       " ON p.id = f.person_id AND p.state = 0 WHERE f.person_id=?"
			       " ORDER BY f.id",
			       "i", person);
	enum store_status status;

	*members = NULL;
	*count = 0;
	while ((status = stmt_row(store, s)) == STORE_OK) {
		*members = mem_resize(*members, *count + 1, sizeof **members);
		(*members)[(*count)++] = (struct family_member){
			.id = sqlite3_column_int64(s, 0),
			.plan = sqlite3_column_int64(s, 1),
		};
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

static enum store_status make_broadcast(struct store *store, const struct broadcast *of,
					int64_t *broadcast)
{
	const struct policy *p = &of->policy;
	sqlite3_stmt *s = stmt(
		store,
		"INSERT INTO broadcast(title, title_en, body, body_en, kind, state, lane, targets,"
		" channels, mail_retries, voice_retries, push_retries, temporary_retries,"
		" retry_interval, final_wait, rounds, round_interval, targeted, requested_at,"
		" requested_by, expires_at, fanout_person, answers_of)"
		" VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, 0, 0, 0, ?, ?, 0, 1, 0, 0, ?, 'tenko', ?, NULL,"
		" ?)",
		"kkkkiikiiiiii", of->title, of->title_en, of->body, of->body_en,
		(int64_t)KIND_FAMILY, (int64_t)BROADCAST_REQUESTED, of->targets,
		(int64_t)(1 << CHANNEL_MAIL), (int64_t)p->temporary_retries, p->retry_interval,
		of->requested_at, of->expires_at, of->id);
	enum store_status status = stmt_run(store, s);

	*broadcast = stmt_last_id(store);
	if (!status)
		status = stmt_run(store, stmt(store, "INSERT INTO question VALUES (?, '[]', '[]')",
					      "i", *broadcast));
	return status;
}

static enum store_status find_broadcast(struct store *store, int64_t of, int64_t *broadcast)
{
	return stmt_number(store,
			   stmt(store, "SELECT id FROM broadcast WHERE answers_of=?", "i", of), 0,
			   broadcast);
}

enum store_status family_broadcast(struct store *store, const struct broadcast *of,
				   int64_t *broadcast)
{
	enum store_status status = find_broadcast(store, of->id, broadcast);

	return status || *broadcast ? status : make_broadcast(store, of, broadcast);
}

enum store_status family_news_load(struct store *store, int64_t broadcast, int64_t person,
				   struct family_news *news)
{
	sqlite3_stmt *s =
		stmt(store,
		     "SELECT r.id, r.at, o.kind, p.name, r.choice, q.choices, o.title,"
		     " ifnull(nullif(o.title_en, ''), o.title)"
		     " FROM broadcast b JOIN broadcast o ON o.id = b.answers_of"
		     " JOIN question q ON q.broadcast_id = o.id JOIN family f ON f.id = -?2"
		     " JOIN person p ON p.id = f.person_id"
		     " JOIN reply r ON r.id = (SELECT max(id) FROM reply"
		     " WHERE broadcast_id = o.id AND person_id = p.id) WHERE b.id = ?1",
		     "ii", broadcast, person);
	enum store_status status = stmt_row(store, s);

	*news = (struct family_news){0};
	if (!status)
		*news = (struct family_news){
			.reply = sqlite3_column_int64(s, 0),
			.at = sqlite3_column_int64(s, 1),
			.kind = (enum kind)sqlite3_column_int(s, 2),
			.name = mem_string(stmt_text(s, 3)),
			.choice = mem_string(stmt_text(s, 4)),
			.choices = mem_string(stmt_text(s, 5)),
			.title = {[LANGUAGE_JA] = mem_string(stmt_text(s, 6)),
				  [LANGUAGE_EN] = mem_string(stmt_text(s, 7))},
		};
	stmt_end(s);
	return status;
}

void family_news_free(struct family_news *news)
{
	free(news->name);
	free(news->choice);
	free(news->choices);
	free(news->title[LANGUAGE_JA]);
	free(news->title[LANGUAGE_EN]);
	*news = (struct family_news){0};
}

enum store_status family_is_behind(struct store *store, int64_t broadcast, int64_t person,
				   int64_t told, bool *behind)
{
	int64_t found;
	enum store_status status = stmt_number(
		store,
		stmt(store,
		     "SELECT 1 FROM broadcast b JOIN family f ON f.id = -?2"
		     " JOIN reply r ON r.id = (SELECT max(id) FROM reply"
		     " WHERE broadcast_id = b.answers_of AND person_id = f.person_id)"
		     " JOIN reply t ON t.id = ?3 AND t.choice <> r.choice WHERE b.id = ?1",
		     "iii", broadcast, person, told),
		0, &found);

	*behind = found != 0;
	return status;
}

enum store_status family_figures_load(struct store *store, int64_t of,
				      struct family_figures *figures)
{
	sqlite3_stmt *s = stmt(
		store,
		"SELECT b.id, b.targeted, ifnull(sum(t.n) FILTER (WHERE what = 'state' AND key = 1),"
		" 0), ifnull(sum(t.n) FILTER (WHERE what = 'state' AND key = 2), 0),"
		" ifnull(sum(t.n) FILTER (WHERE what = 'attempt' AND key = 257), 0),"
		" ifnull(sum(t.n) FILTER (WHERE what = 'attempt' AND key = 262), 0)"
		" FROM broadcast b LEFT JOIN tally t ON t.broadcast_id = b.id"
		" WHERE b.answers_of = ? GROUP BY b.id",
		"i", of);
	enum store_status status = stmt_row(store, s);

	*figures = (struct family_figures){0};
	if (!status)
		*figures = (struct family_figures){
			.broadcast = sqlite3_column_int64(s, 0),
			.users = sqlite3_column_int64(s, 1),
			.waiting = sqlite3_column_int64(s, 2),
			.in_flight = sqlite3_column_int64(s, 3),
			.delivered = sqlite3_column_int64(s, 4),
			.refused = sqlite3_column_int64(s, 5),
		};
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

/* telling of an event */

enum store_status family_event_told(struct store *store, const char *key, int64_t drill,
				    struct target **targets, size_t *count)
{
	sqlite3_stmt *s =
		stmt(store, "SELECT broadcast_id FROM family_event WHERE key=? AND drill=?", "ki",
		     key, drill);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		*targets = mem_resize(*targets, *count + 1, sizeof **targets);
		(*targets)[(*count)++] = (struct target){.kind = TARGET_EXCEPT,
							 .number = sqlite3_column_int64(s, 0)};
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status family_event_note(struct store *store, const char *key, int64_t drill,
				    int64_t broadcast)
{
	return stmt_run(store, stmt(store, "INSERT OR IGNORE INTO family_event VALUES (?, ?, ?)",
				    "kii", key, drill, broadcast));
}
