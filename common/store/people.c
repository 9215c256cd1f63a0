#include "common/store/people.h"

#include "common/base/mem.h"
#include "common/store/stmt.h"

#include <stdlib.h>
#include <string.h>

enum store_status people_find(struct store *store, const char *code, int64_t *id,
			      enum person_state *state)
{
	sqlite3_stmt *s = stmt(store, "SELECT id, state FROM person WHERE code=?", "s", code);
	enum store_status status = stmt_row(store, s);

	if (!status) {
		*id = sqlite3_column_int64(s, 0);
		*state = (enum person_state)sqlite3_column_int(s, 1);
	}
	stmt_end(s);
	return status;
}

enum store_status people_name(struct store *store, int64_t id, char **code, char **name)
{
	sqlite3_stmt *s = stmt(store, "SELECT code, name FROM person WHERE id=?", "i", id);
	enum store_status status = stmt_row(store, s);

	if (!status) {
		*code = mem_string(stmt_text(s, 0));
		*name = mem_string(stmt_text(s, 1));
	}
	stmt_end(s);
	return status;
}

static enum store_status see_codes(struct store *store, sqlite3_stmt *s, const char *begin,
				   void (*see)(const char *code, const char *name, void *arg),
				   void *arg)
{
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		const char *code = stmt_text(s, 0);
		if (strncmp(code, begin, strlen(begin)) != 0)
			break;
		see(code, stmt_text(s, 1), arg);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status people_codes(struct store *store, const char *begin, int64_t most,
			       void (*see)(const char *code, const char *name, void *arg),
			       void *arg)
{
	return see_codes(store,
			 stmt(store,
			      "SELECT code, name FROM person WHERE code >= ? AND state <> ?"
			      " ORDER BY code LIMIT ?",
			      "sii", begin, (int64_t)PERSON_DELETED, most),
			 begin, see, arg);
}

enum store_status people_group_codes(struct store *store, const char *begin, int64_t most,
				     void (*see)(const char *code, const char *name, void *arg),
				     void *arg)
{
	return see_codes(store,
			 stmt(store,
			      "SELECT code, name FROM department WHERE code >= ? AND deleted = 0"
			      " ORDER BY code LIMIT ?",
			      "si", begin, most),
			 begin, see, arg);
}

enum store_status people_load(struct store *store, const char *code, struct person *person)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT p.id, p.code, p.name, d.code, d.name, p.state FROM person p"
			       " JOIN department d ON d.id = p.department_id WHERE p.code=?",
			       "s", code);
	enum store_status status = stmt_row(store, s);

	*person = (struct person){0};
	if (!status)
		*person = (struct person){
			.id = sqlite3_column_int64(s, 0),
			.code = mem_string(stmt_text(s, 1)),
			.name = mem_string(stmt_text(s, 2)),
			.group = mem_string(stmt_text(s, 3)),
			.group_name = mem_string(stmt_text(s, 4)),
			.state = (enum person_state)sqlite3_column_int(s, 5),
		};
	stmt_end(s);
	return status;
}

void person_free(struct person *person)
{
	free(person->code);
	free(person->name);
	free(person->group);
	free(person->group_name);
	*person = (struct person){0};
}

/* UNION keeps a circle among the groups from going round for ever. */
enum store_status people_groups(struct store *store, const char *code, int64_t **ids, size_t *count)
{
	sqlite3_stmt *s = stmt(store,
			       "WITH RECURSIVE below(id) AS"
			       " (SELECT id FROM department WHERE code=? AND deleted=0"
			       " UNION SELECT d.id FROM department d JOIN below b"
			       " ON d.parent_id = b.id) SELECT id FROM below",
			       "s", code);
	enum store_status status;

	*ids = NULL;
	*count = 0;
	while ((status = stmt_row(store, s)) == STORE_OK) {
		*ids = mem_resize(*ids, *count + 1, sizeof **ids);
		(*ids)[(*count)++] = sqlite3_column_int64(s, 0);
	}
	stmt_end(s);
	if (status == STORE_NONE && *count > 0)
		return STORE_OK;
	return status;
}
