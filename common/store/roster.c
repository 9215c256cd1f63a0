#include "common/store/roster.h"

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/store/stmt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum store_status roster_read_begin(struct store *store)
{
	return stmt_run(store, stmt(store, "BEGIN", ""));
}

enum store_status roster_revision(struct store *store, int64_t *revision)
{
	struct buf value = {0};
	enum store_status status = store_meta_get(store, "roster_revision", &value);

	*revision = strtoll(buf_text(&value), NULL, 10);
	buf_free(&value);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status roster_revise(struct store *store)
{
	return stmt_run(store, stmt(store,
				    "INSERT INTO meta(key, value) VALUES ('roster_revision', 1)"
				    " ON CONFLICT DO UPDATE SET value = value + 1",
				    ""));
}

/* A change to one row that must be there. */
static enum store_status change_one(struct store *store, sqlite3_stmt *s)
{
	enum store_status status = stmt_run(store, s);

	if (!status && stmt_changes(store) != 1)
		return STORE_CONFLICT;
	return status;
}

/* patterns */

enum store_status roster_put_pattern(struct store *store, struct roster_pattern *p)
{
	if (p->id)
		return change_one(store,
				  stmt(store,
				       "UPDATE work_pattern SET name=coalesce(?2, name),"
				       " breaks=coalesce(?3, breaks),"
				       " work_minutes=coalesce(?4, work_minutes),"
				       " morning_minutes=CASE WHEN ?5 IS NULL THEN morning_minutes"
				       " ELSE nullif(CAST(?5 AS INTEGER), 0) END,"
				       " auto_end=coalesce(?6, auto_end), deleted=?7 WHERE id=?1",
				       "ikkkkki", p->id, p->name, p->breaks, p->work_minutes,
				       p->morning_minutes, p->auto_end, (int64_t)p->deleted));
	enum store_status status = stmt_run(
		store,
		stmt(store,
		     "INSERT INTO work_pattern(code, name, breaks, work_minutes,"
		     " morning_minutes, auto_end, deleted) VALUES (?1, ?2, coalesce(?3, ''), ?4,"
		     " nullif(CAST(?5 AS INTEGER), 0), coalesce(?6, ''), ?7)",
		     "kkkkkki", p->code, p->name, p->breaks, p->work_minutes, p->morning_minutes,
		     p->auto_end, (int64_t)p->deleted));
	p->id = stmt_last_id(store);
	return status;
}

enum store_status roster_pattern_delete(struct store *store, int64_t pattern)
{
	return change_one(
		store, stmt(store, "UPDATE work_pattern SET deleted=1 WHERE id=?", "i", pattern));
}

/* groups */

enum store_status roster_put_group(struct store *store, struct roster_group *g)
{
	if (g->id)
		return change_one(store,
				  stmt(store,
				       "UPDATE department SET name=coalesce(?2, name),"
				       " approvers=coalesce(?3, approvers),"
				       " upper_approvers=coalesce(?4, upper_approvers), deleted=?5,"
				       " region=coalesce(?6, region) WHERE id=?1",
				       "ikkkik", g->id, g->name, g->approvers, g->upper_approvers,
				       (int64_t)g->deleted, g->region));
	enum store_status status = stmt_run(
		store,
		stmt(store,
		     "INSERT INTO department(code, name, approvers, upper_approvers, deleted, region)"
		     " VALUES (?, ?, ?, coalesce(?, ''), ?, coalesce(?, ''))",
		     "kkkkik", g->code, g->name, g->approvers, g->upper_approvers,
		     (int64_t)g->deleted, g->region));
	g->id = stmt_last_id(store);
	return status;
}

enum store_status roster_group_parent(struct store *store, int64_t group, int64_t parent)
{
	return change_one(store,
			  stmt(store, "UPDATE department SET parent_id=nullif(?2, 0) WHERE id=?1",
			       "ii", group, parent));
}

enum store_status roster_place_groups(struct store *store)
{
	return stmt_run(
		store,
		stmt(store,
		     "WITH RECURSIVE place(id, area) AS ("
		     "SELECT id, region FROM department WHERE parent_id IS NULL"
		     " UNION ALL SELECT d.id, iif(d.region = '', place.area, d.region)"
		     " FROM place JOIN department d ON d.parent_id = place.id)"
		     " UPDATE department SET area = place.area FROM place"
		     " WHERE place.id = department.id AND department.area <> place.area",
		     ""));
}

enum store_status roster_any_group_region(struct store *store, bool *any)
{
	int64_t found;
	enum store_status status = stmt_number(
		store, stmt(store, "SELECT EXISTS (SELECT 1 FROM department WHERE region <> '')", ""),
		0, &found);

	*any = found != 0;
	return status;
}

enum store_status roster_group_delete(struct store *store, int64_t group)
{
	return change_one(store,
			  stmt(store, "UPDATE department SET deleted=1 WHERE id=?", "i", group));
}

enum store_status roster_group_used(struct store *store, int64_t group, bool *used)
{
	int64_t found = 0;
	enum store_status status = stmt_number(
		store,
		stmt(store, "SELECT EXISTS (SELECT 1 FROM target WHERE kind=2 AND value=?)", "i",
		     group),
		0, &found);

	*used = found;
	return status;
}

enum store_status roster_group_remove(struct store *store, int64_t group)
{
	return change_one(store, stmt(store, "DELETE FROM department WHERE id=?", "i", group));
}

/* people */

/* The divisions by comma; those left out are the ones in `old`. */
static void join_divisions(const char *const *division, const char *old, struct buf *out)
{
	for (int i = 0; i < ROSTER_DIVISIONS; i++) {
		size_t length = strcspn(old, ",");
		if (i)
			buf_char(out, ',');
		if (division[i])
			buf_text_add(out, division[i]);
		else
			buf_add(out, old, length);
		old += length + (old[length] == ',');
	}
}

static enum store_status divisions_of(struct store *store, const struct roster_person *p,
				      struct buf *out)
{
	enum store_status status = STORE_OK;
	struct buf old = {0};
	bool complete = true;

	for (int i = 0; i < ROSTER_DIVISIONS; i++)
		complete &= p->division[i] != NULL;
	if (p->id && !complete) {
		sqlite3_stmt *s =
			stmt(store, "SELECT divisions FROM person WHERE id=?", "i", p->id);
		status = stmt_row(store, s);
		if (!status)
			buf_text_add(&old, stmt_text(s, 0));
		stmt_end(s);
	}
	join_divisions(p->division, buf_text(&old), out);
	buf_free(&old);
	return status == STORE_NONE ? STORE_CONFLICT : status;
}

static enum store_status change_person(struct store *store, const struct roster_person *p,
				       const char *divisions)
{
	return change_one(
		store, stmt(store,
			    "UPDATE person SET employee_number=coalesce(?2, employee_number),"
			    " name=coalesce(?3, name), kana=coalesce(?4, kana), department_id=?5,"
			    " work_pattern_id=CASE ?6 WHEN -1 THEN work_pattern_id WHEN 0 THEN NULL"
			    " ELSE ?6 END, email=coalesce(?7, email), admin=coalesce(?8, admin),"
			    " divisions=?9, state=?10 WHERE id=?1",
			    "ikkkiikkki", p->id, p->employee_number, p->name, p->kana, p->group,
			    p->pattern, p->email, p->admin, divisions, (int64_t)p->state));
}

static enum store_status add_person(struct store *store, struct roster_person *p,
				    const char *divisions)
{
	enum store_status status = stmt_run(
		store,
		stmt(store,
		     "INSERT INTO person(code, employee_number, name, kana, department_id,"
		     " work_pattern_id, email, admin, divisions, state, language, work_region,"
		     " home_region, second_region, plan)"
		     " VALUES (?, ?, ?, coalesce(?, ''), ?, nullif(max(?, 0), 0), ?, ?, ?, ?, ?,"
		     " coalesce(?, ''), coalesce(?, ''), coalesce(?, ''), ?)",
		     "kkkkiikkkiikkki", p->code, p->employee_number, p->name, p->kana, p->group,
		     p->pattern, p->email, p->admin, divisions, (int64_t)p->state,
		     (int64_t)p->language, p->region[0], p->region[1], p->region[2], p->plan));

	p->id = stmt_last_id(store);
	return status;
}

enum store_status roster_put_person(struct store *store, struct roster_person *p)
{
	struct buf divisions = {0};
	enum store_status status = divisions_of(store, p, &divisions);

	if (!status)
		status = p->id ? change_person(store, p, buf_text(&divisions))
			       : add_person(store, p, buf_text(&divisions));
	buf_free(&divisions);
	return status;
}

enum store_status roster_person_state(struct store *store, int64_t person, enum presence state)
{
	return change_one(store, stmt(store, "UPDATE person SET state=?2 WHERE id=?1", "ii", person,
				      (int64_t)state));
}

enum store_status roster_person_reissue(struct store *store, int64_t person)
{
	return change_one(store, stmt(store, "UPDATE person SET reissue_asked_at=?2 WHERE id=?1",
				      "ii", person, clock_utc()));
}

enum store_status roster_person_used(struct store *store, int64_t person, bool *used)
{
	int64_t found = 0;
	/* One probe of an index a broadcast: neither table has one by person alone. */
	enum store_status status =
		stmt_number(store,
			    stmt(store,
				 "SELECT EXISTS (SELECT 1 FROM broadcast b CROSS JOIN delivery d"
				 " ON d.broadcast_id = b.id AND d.person_id = ?1)"
				 " OR EXISTS (SELECT 1 FROM broadcast b CROSS JOIN reply r"
				 " ON r.broadcast_id = b.id AND r.person_id = ?1)"
				 " OR EXISTS (SELECT 1 FROM target WHERE kind=3 AND value=?1)",
				 "i", person),
			    0, &found);

	*used = found;
	return status;
}

enum store_status roster_person_remove(struct store *store, int64_t person)
{
	return change_one(store, stmt(store, "DELETE FROM person WHERE id=?", "i", person));
}
