#include "common/base/mem.h"
#include "common/store/roster.h"
#include "common/store/stmt.h"

#include <stdlib.h>
#include <string.h>

enum store_status roster_each_pattern(struct store *store,
				      void (*see)(const struct roster_pattern *pattern, void *arg),
				      void *arg)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT id, code, name, breaks, work_minutes, morning_minutes,"
			       " auto_end, deleted FROM work_pattern ORDER BY code",
			       "");
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		struct roster_pattern pattern = {
			.id = sqlite3_column_int64(s, 0),
			.code = stmt_text(s, 1),
			.name = stmt_text(s, 2),
			.breaks = stmt_text(s, 3),
			.work_minutes = stmt_text(s, 4),
			.morning_minutes = stmt_text(s, 5),
			.auto_end = stmt_text(s, 6),
			.deleted = sqlite3_column_int(s, 7),
		};
		see(&pattern, arg);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status roster_each_group(struct store *store,
				    void (*see)(const struct roster_group *group, void *arg),
				    void *arg)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT d.id, d.code, d.name, d.approvers, d.upper_approvers,"
			       " d.parent_id, p.code, d.deleted, d.region FROM department d"
			       " LEFT JOIN department p ON p.id = d.parent_id ORDER BY d.code",
			       "");
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		struct roster_group group = {
			.id = sqlite3_column_int64(s, 0),
			.code = stmt_text(s, 1),
			.name = stmt_text(s, 2),
			.approvers = stmt_text(s, 3),
			.upper_approvers = stmt_text(s, 4),
			.parent = sqlite3_column_int64(s, 5),
			.parent_code = stmt_text(s, 6),
			.deleted = sqlite3_column_int(s, 7),
			.region = stmt_text(s, 8),
		};
		see(&group, arg);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

/* Cuts the text at its commas, in place; texts that are missing are empty. */
static void split_divisions(char *text, const char **division)
{
	for (int i = 0; i < ROSTER_DIVISIONS; i++) {
		size_t length = strcspn(text, ",");
		bool more = text[length] == ',';
		division[i] = text;
		text += length;
		if (more)
			*text++ = '\0';
	}
}

enum store_status roster_each_person(struct store *store,
				     void (*see)(const struct roster_person *person, void *arg),
				     void *arg)
{
	/* CROSS JOIN keeps the order of the code's index: nothing is sorted. */
	sqlite3_stmt *s = stmt(store,
			       "SELECT p.id, p.code, employee_number, p.name, kana, email, admin,"
			       " divisions, department_id, work_pattern_id, state, d.code, w.code"
			       " FROM person p CROSS JOIN department d ON d.id = p.department_id"
			       " LEFT JOIN work_pattern w ON w.id = p.work_pattern_id"
			       " ORDER BY p.code",
			       "");
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		char *divisions = mem_string(stmt_text(s, 7));
		struct roster_person person = {
			.id = sqlite3_column_int64(s, 0),
			.code = stmt_text(s, 1),
			.employee_number = stmt_text(s, 2),
			.name = stmt_text(s, 3),
			.kana = stmt_text(s, 4),
			.email = stmt_text(s, 5),
			.admin = stmt_text(s, 6),
			.group = sqlite3_column_int64(s, 8),
			.pattern = sqlite3_column_int64(s, 9),
			.state = (enum presence)sqlite3_column_int(s, 10),
			.group_code = stmt_text(s, 11),
			.pattern_code = stmt_text(s, 12),
		};
		split_divisions(divisions, person.division);
		see(&person, arg);
		free(divisions);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status roster_each_member(struct store *store, bool cards,
				     void (*see)(const struct roster_member *member, void *arg),
				     void *arg)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT id, code, state, department_id, work_pattern_id,"
			       " ?1 AND (language <> 0 OR work_region <> '' OR home_region <> ''"
			       " OR second_region <> '' OR voice_id IS NOT NULL"
			       " OR EXISTS (SELECT 1 FROM contact WHERE person_id = person.id)),"
			       " voice_id FROM person ORDER BY id",
			       "i", (int64_t)cards);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		struct roster_member member = {
			.id = sqlite3_column_int64(s, 0),
			.code = stmt_text(s, 1),
			.state = (enum presence)sqlite3_column_int(s, 2),
			.group = sqlite3_column_int64(s, 3),
			.pattern = sqlite3_column_int64(s, 4),
			.has_card = sqlite3_column_int(s, 5),
			.voice_id = stmt_text(s, 6),
		};
		see(&member, arg);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}
