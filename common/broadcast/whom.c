#include "common/broadcast/whom.h"

#include "common/base/mem.h"
#include "common/store/people.h"

#include <stdlib.h>
#include <string.h>

static const char all[] = "all", group[] = "group:", user[] = "user:";

static const char *behind(const char *word, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(word, prefix, length) == 0 && word[length] ? word + length : NULL;
}

bool whom_is_word(const char *word)
{
	return strcmp(word, all) == 0 || behind(word, group) || behind(word, user);
}

static void add(struct whom *w, enum target_kind kind, int64_t number)
{
	w->list = mem_resize(w->list, w->count + 1, sizeof *w->list);
	w->list[w->count++] = (struct target){.kind = kind, .number = number};
}

static enum store_status add_group(struct store *store, const char *code, struct whom *w)
{
	int64_t *ids = NULL;
	size_t count = 0;
	enum store_status status = people_groups(store, code, &ids, &count);

	for (size_t i = 0; !status && i < count; i++)
		add(w, TARGET_DEPARTMENT, ids[i]);
	free(ids);
	return status;
}

static enum store_status add_user(struct store *store, const char *code, struct whom *w)
{
	enum person_state state;
	int64_t id;
	enum store_status status = people_find(store, code, &id, &state);

	if (!status)
		add(w, TARGET_PERSON, id);
	return status;
}

static enum store_status add_word(struct store *store, const char *word, struct whom *w)
{
	const char *code;

	if (strcmp(word, all) == 0) {
		add(w, TARGET_ALL, 0);
		return STORE_OK;
	}
	if ((code = behind(word, group)))
		return add_group(store, code, w);
	if ((code = behind(word, user)))
		return add_user(store, code, w);
	return STORE_NONE;
}

enum store_status whom_read(struct store *store, const char *words, struct whom *w,
			    struct buf *missing)
{
	char *copy = mem_string(words), *rest = NULL;
	enum store_status status = STORE_OK;

	*w = (struct whom){0};
	for (char *word = strtok_r(copy, " ", &rest); !status && word;
	     word = strtok_r(NULL, " ", &rest)) {
		status = add_word(store, word, w);
		if (status != STORE_NONE)
			continue;
		buf_format(missing, "%s%s", missing->length ? " " : "", word);
		status = STORE_OK;
	}
	free(copy);
	return status;
}

void whom_free(struct whom *w)
{
	free(w->list);
	*w = (struct whom){0};
}
