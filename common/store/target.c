#include "common/store/target.h"

#include "common/base/mem.h"
#include "common/base/plan.h"
#include "common/store/stmt.h"

#include <stdio.h>
#include <stdlib.h>

/* How many ids a stretch looks at: small enough for the 20 ms of a turn, whoever is targeted. */
enum { WINDOW = 1024 };

/* Bound everywhere: ?1 the broadcast; people with ?2 < id <= ?3. */
#define OF_KIND(kind) " t.broadcast_id = ?1 AND t.kind = " #kind
#define IN_WINDOW     " p.id > ?2 AND p.id <= ?3"

/* One address of a person; `<> ''` lets the index be used, which knows nobody without one. */
#define BY_ADDRESS(column, bit)                                                                 \
	"SELECT p.id FROM target t CROSS JOIN person p ON p." column " = t.value AND p." column \
	" <> '' AND p.state = 0 AND" IN_WINDOW " WHERE" OF_KIND(4) " AND t.addresses & " #bit

/* clang-format off */
/* Whoever has a delivery, unless it was called off before anything can have come to them. */
#define ATTEMPT_OF " EXISTS (SELECT 1 FROM attempt a WHERE a.delivery_id = d.id AND ("
#define REACHED                                                                                 \
	" (d.state <> 5 OR" ATTEMPT_OF "a.outcome IN (1, 2, 3, 8, 11)"                           \
	" OR a.reference IS NOT NULL)))"
#define MAYBE_REACHED                                                                           \
	" (d.state <> 5 OR" ATTEMPT_OF "a.outcome IS NULL OR a.outcome IN (1, 2, 3, 8, 11)"      \
	" OR a.reference IS NOT NULL)))"

/* Everybody whom a target names, each once. CROSS JOIN: from the targets to the people. */
#define DELIVERIES                                                                              \
	"SELECT d.person_id FROM target t CROSS JOIN delivery d ON d.broadcast_id = t.value"     \
	" AND d.person_id > ?2 AND d.person_id <= ?3 WHERE"
#define NAMED                                                                                   \
	"SELECT p.id FROM target t CROSS JOIN person p ON p.department_id = t.value"             \
	" AND p.state = 0 AND" IN_WINDOW " WHERE" OF_KIND(2)                                     \
	" UNION SELECT p.id FROM target t CROSS JOIN person p ON p.id = t.value AND" IN_WINDOW   \
	" WHERE" OF_KIND(3)                                                                      \
	" UNION " BY_ADDRESS("work_region", 1)                                                   \
	" UNION " BY_ADDRESS("home_region", 2)                                                   \
	" UNION " BY_ADDRESS("second_region", 4)                                                 \
	" UNION SELECT p.id FROM target t CROSS JOIN department g ON g.area = t.value"           \
	" AND g.area <> '' CROSS JOIN person p ON p.department_id = g.id AND p.state = 0 AND"    \
	IN_WINDOW " WHERE" OF_KIND(4) " AND t.addresses & 8"                                     \
	" UNION " DELIVERIES " d.state <> 3 AND" OF_KIND(5)                                      \
	" UNION " DELIVERIES MAYBE_REACHED " AND" OF_KIND(8)

/* Family users, where the targets name such. */
#define NAMED_FAMILY                                                                            \
	"SELECT DISTINCT f.id FROM target t CROSS JOIN family f ON f.region = t.value"           \
	" AND f.region <> '' AND f.id > ?2 AND f.id <= ?3 WHERE" OF_KIND(9)

/* Not dialled, not within, or reached by a broadcast that is excepted. */
#define ANY_OF_KIND(kind) "EXISTS (SELECT 1 FROM target t WHERE" OF_KIND(kind) ")"
#define NOT_REACHED(id)                                                                         \
	" (NOT " ANY_OF_KIND(7) " OR NOT EXISTS (SELECT 1 FROM target t CROSS JOIN"              \
	" delivery d ON d.broadcast_id = t.value AND d.person_id = " id " WHERE" OF_KIND(7)      \
	" AND" REACHED "))"
#define PASSES                                                                                  \
	" p.state = 0 AND (NOT " ANY_OF_KIND(6) " OR p.department_id IN"                         \
	" (SELECT value FROM target t WHERE" OF_KIND(6) ")) AND" NOT_REACHED("p.id")
/* clang-format on */

#define FROM_ALL   " FROM person p WHERE" IN_WINDOW " AND" PASSES
#define FROM_NAMED " FROM (" NAMED ") n CROSS JOIN person p ON p.id = n.id WHERE" PASSES
#define FROM_FAMILY                                                                         \
	" FROM (" NAMED_FAMILY ") n CROSS JOIN family f ON f.id = n.id CROSS JOIN person p" \
	" ON p.id = f.person_id WHERE p.state = 0 AND" NOT_REACHED("-f.id")

/* storing */

enum store_status target_insert(struct store *store, int64_t broadcast,
				const struct target *targets, size_t count)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < count; i++) {
		const struct target *t = &targets[i];
		unsigned addresses = t->addresses ? t->addresses : ADDRESSES_OF_PERSON;
		if (t->kind == TARGET_REGION || t->kind == TARGET_FAMILY)
			status = stmt_run(
				store,
				stmt(store,
				     "INSERT INTO target VALUES (?, ?, ?, ?) ON CONFLICT DO"
				     " UPDATE SET addresses = addresses | excluded.addresses",
				     "iisi", broadcast, (int64_t)t->kind, t->text,
				     (int64_t)addresses));
		else
			status = stmt_run(
				store,
				stmt(store,
				     "INSERT OR IGNORE INTO target(broadcast_id, kind, value)"
				     " VALUES (?, ?, ?)",
				     "iii", broadcast, (int64_t)t->kind, t->number));
	}
	return status;
}

/* counting */

/* Where they come from: everybody, those who are named, or families instead. */
enum source { SOURCE_NAMED, SOURCE_ALL, SOURCE_FAMILY, SOURCES };

static enum store_status source_of(struct store *store, int64_t broadcast, enum source *source)
{
	int64_t found;
	enum store_status status =
		stmt_number(store,
			    stmt(store, "SELECT iif(" ANY_OF_KIND(9) ", 2, " ANY_OF_KIND(1) ")",
				 "i", broadcast),
			    0, &found);

	*source = (enum source)found;
	return status;
}

static const char *const count_sql[SOURCES] = {
	[SOURCE_NAMED] = "SELECT count(*)" FROM_NAMED,
	[SOURCE_ALL] = "SELECT count(*)" FROM_ALL,
	[SOURCE_FAMILY] = "SELECT count(*)" FROM_FAMILY,
};

enum store_status target_count(struct store *store, int64_t broadcast, int64_t *people)
{
	enum source source;
	enum store_status status = source_of(store, broadcast, &source);

	*people = 0;
	if (status)
		return status;
	return stmt_number(store,
			   stmt(store, count_sql[source], "iii", broadcast, INT64_C(0), INT64_MAX),
			   0, people);
}

static const char *const plans_sql[SOURCES] = {
	[SOURCE_NAMED] = "SELECT p.plan, count(*)" FROM_NAMED " GROUP BY p.plan",
	[SOURCE_ALL] = "SELECT p.plan, count(*)" FROM_ALL " GROUP BY p.plan",
	[SOURCE_FAMILY] = "SELECT f.plan, count(*)" FROM_FAMILY " GROUP BY f.plan",
};

enum store_status target_plans_of(struct store *store, int64_t broadcast, struct plan_count **plans,
				  size_t *count)
{
	enum source source;
	enum store_status status = source_of(store, broadcast, &source);

	*plans = NULL;
	*count = 0;
	if (status)
		return status;
	sqlite3_stmt *s = stmt(store, plans_sql[source], "iii", broadcast, INT64_C(0), INT64_MAX);
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
enum store_status target_plans(struct store *store, const struct target *targets, size_t count,
			       struct plan_count **plans, size_t *plan_count)
{
	enum store_status status = stmt_script(store, "SAVEPOINT ask");

	*plans = NULL;
	*plan_count = 0;
	if (status)
		return status;
	status = target_insert(store, 0, targets, count);
	if (!status)
		status = target_plans_of(store, 0, plans, plan_count);
	enum store_status ended = stmt_script(store, "ROLLBACK TO ask; RELEASE ask");
	return status ? status : ended;
}

static const char *const people_sql[SOURCES] = {
	[SOURCE_NAMED] = "SELECT p.id" FROM_NAMED " ORDER BY p.id",
	[SOURCE_ALL] = "SELECT p.id" FROM_ALL " ORDER BY p.id",
	[SOURCE_FAMILY] = "SELECT -f.id" FROM_FAMILY " ORDER BY f.id",
};

static enum store_status people_stored(struct store *store, int64_t **people, size_t *count)
{
	size_t room = 0;
	enum source source;
	enum store_status status = source_of(store, 0, &source);

	if (status)
		return status;
	sqlite3_stmt *s =
		stmt(store, people_sql[source], "iii", INT64_C(0), INT64_C(0), INT64_MAX);
	while ((status = stmt_row(store, s)) == STORE_OK) {
		if (*count == room) {
			room = room ? room * 2 : 64;
			*people = mem_resize(*people, room, sizeof **people);
		}
		(*people)[(*count)++] = sqlite3_column_int64(s, 0);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status target_people(struct store *store, const struct target *targets, size_t count,
				int64_t **people, size_t *people_count)
{
	enum store_status status = stmt_script(store, "SAVEPOINT ask");

	*people = NULL;
	*people_count = 0;
	if (status)
		return status;
	status = target_insert(store, 0, targets, count);
	if (!status)
		status = people_stored(store, people, people_count);
	enum store_status ended = stmt_script(store, "ROLLBACK TO ask; RELEASE ask");
	return status ? status : ended;
}

enum store_status target_includes(struct store *store, int64_t broadcast, int64_t person,
				  bool *included)
{
	int64_t found = 0;
	enum source source;
	enum store_status status = source_of(store, broadcast, &source);

	if (!status && source != SOURCE_FAMILY)
		status = stmt_number(
			store, stmt(store, count_sql[source], "iii", broadcast, person - 1, person),
			0, &found);
	*included = found != 0;
	return status;
}

/* going through them */

static const char *const next_sql[SOURCES] = {
	[SOURCE_NAMED] = "SELECT p.id, p.plan, p.department_id" FROM_NAMED " ORDER BY p.id LIMIT ?4",
	[SOURCE_ALL] = "SELECT p.id, p.plan, p.department_id" FROM_ALL " ORDER BY p.id LIMIT ?4",
	[SOURCE_FAMILY] = "SELECT f.id, f.plan, 0" FROM_FAMILY " ORDER BY f.id LIMIT ?4",
};

static enum store_status newest_of(struct store *store, enum source source, int64_t *id)
{
	return stmt_number(store,
			   source == SOURCE_FAMILY ? stmt(store, "SELECT max(id) FROM family", "")
						   : stmt(store, "SELECT max(id) FROM person", ""),
			   0, id);
}

/* The place in the dial order to which a trial is confined; 0: none, as for all others. */
static enum store_status contact_of(struct store *store, int64_t broadcast, int64_t *dial_order)
{
	return stmt_number(store,
			   stmt(store, "SELECT value FROM target t WHERE" OF_KIND(10), "i",
				broadcast),
			   0, dial_order);
}

enum store_status target_next(struct store *store, int64_t broadcast, int64_t *after,
			      struct targeted *people, size_t room, size_t *count, bool *last)
{
	int64_t newest = 0, reached = *after, contact = 0;
	enum source source;
	enum store_status status = source_of(store, broadcast, &source);

	*count = 0;
	*last = false;
	if (!status)
		status = newest_of(store, source, &newest);
	if (!status)
		status = contact_of(store, broadcast, &contact);
	if (status)
		return status;
	int64_t end = *after < newest - WINDOW ? *after + WINDOW : newest;
	sqlite3_stmt *s =
		stmt(store, next_sql[source], "iiii", broadcast, *after, end, (int64_t)room);
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK) {
		int64_t plan = sqlite3_column_int64(s, 1);
		reached = sqlite3_column_int64(s, 0);
		people[(*count)++] = (struct targeted){
			.person = source == SOURCE_FAMILY ? -reached : reached,
			.plan = contact ? plan_only(plan, (int)contact) : plan,
			.group = sqlite3_column_int64(s, 2),
		};
	}
	stmt_end(s);
	if (status && status != STORE_NONE)
		return status;
	*last = *count < room && end == newest;
	*after = *count == room || end < *after ? reached : end;
	return STORE_OK;
}

enum store_status target_must_wait(struct store *store, int64_t broadcast, bool *wait)
{
	int64_t found;
	enum store_status status = stmt_number(
		store,
		stmt(store,
		     "SELECT 1 FROM target t CROSS JOIN broadcast b ON b.id = t.value"
		     " WHERE t.broadcast_id = ?1 AND t.kind IN (7, 8) AND ("
		     "(b.fanout_person IS NOT NULL AND b.state < 5) OR (t.kind = 8 AND ("
		     "b.sweep <> 0 OR (b.state <> 6 AND EXISTS (SELECT 1 FROM control c"
		     " WHERE c.broadcast_id = b.id AND c.verb = 1))))) LIMIT 1",
		     "i", broadcast),
		0, &found);

	*wait = found != 0;
	return status;
}

/* by region */

#define COUNT_ADDRESS(column, bit)                                                      \
	"SELECT " column ", " #bit ", count(*) FROM person WHERE state = 0 AND " column \
	" <> '' GROUP BY " column

enum store_status target_region_counts(struct store *store, struct region_count **counts,
				       size_t *count)
{
	sqlite3_stmt *s = stmt(
		store,
		COUNT_ADDRESS("work_region", 1) " UNION ALL " COUNT_ADDRESS(
			"home_region",
			2) " UNION ALL " COUNT_ADDRESS("second_region",
						       4) " UNION ALL "
							  "SELECT g.area, 8, count(*) FROM department g CROSS JOIN person p"
							  " ON p.department_id = g.id AND p.state = 0 WHERE g.area <> ''"
							  " GROUP BY g.area",
		"");
	enum store_status status;

	*counts = NULL;
	*count = 0;
	while ((status = stmt_row(store, s)) == STORE_OK) {
		*counts = mem_resize(*counts, *count + 1, sizeof **counts);
		struct region_count *c = &(*counts)[(*count)++];
		*c = (struct region_count){
			.address = (enum address)sqlite3_column_int(s, 1),
			.people = sqlite3_column_int64(s, 2),
		};
		snprintf(c->region, sizeof c->region, "%s", stmt_text(s, 0));
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}
