#pragma once

/* People and groups as commands name them: by code. Reading only. */

#include "common/store/store.h"
#include <stddef.h>

enum person_state { PERSON_ACTIVE = 0, PERSON_NO_LOGIN = 1, PERSON_DELETED = 2 };

/* STORE_NONE: no such person. */
MUST_USE enum store_status people_find(struct store *store, const char *code, int64_t *id,
				       enum person_state *state);

/* Code and name of a person; the caller frees both. */
MUST_USE enum store_status people_name(struct store *store, int64_t id, char **code, char **name);

/* Codes and names that begin so, in order of code: of people who are not deleted, and of groups. */
MUST_USE enum store_status people_codes(struct store *store, const char *begin, int64_t most,
					void (*see)(const char *code, const char *name, void *arg),
					void *arg);
MUST_USE enum store_status people_group_codes(struct store *store, const char *begin, int64_t most,
					      void (*see)(const char *code, const char *name,
							  void *arg),
					      void *arg);

struct person {
	int64_t id;
	char *code, *name, *group, *group_name; /* owned */
	enum person_state state;
};

/* STORE_NONE: no such person. */
MUST_USE enum store_status people_load(struct store *store, const char *code,
				       struct person *person);
void person_free(struct person *person);

/* A group by its code and all below it. STORE_NONE: no such group. The caller frees *ids. */
MUST_USE enum store_status people_groups(struct store *store, const char *code, int64_t **ids,
					 size_t *count);
