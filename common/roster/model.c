#include "common/roster/model.h"

#include "common/base/mem.h"
#include "common/store/family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* entries */

/* Room for one more of `count` elements, the new ones zeroed. */
static void *grown(void *array, int32_t *room, int32_t count, size_t size)
{
	if (count < *room)
		return array;
	int32_t more = *room ? *room * 2 : 64;
	array = mem_resize(array, (size_t)more, size);
	memset((char *)array + (size_t)*room * size, 0, (size_t)(more - *room) * size);
	*room = more;
	return array;
}

int32_t model_pattern(struct model *m, const char *code)
{
	int32_t count = m->pattern_codes.count, n = names_add(&m->pattern_codes, code);

	m->patterns = grown(m->patterns, &m->pattern_room, n, sizeof *m->patterns);
	if (n == count)
		m->patterns[n].entry =
			(struct entry){.was = PRESENCE_ABSENT, .is = PRESENCE_ABSENT};
	return n;
}

int32_t model_group(struct model *m, const char *code)
{
	int32_t count = m->group_codes.count, n = names_add(&m->group_codes, code);

	m->groups = grown(m->groups, &m->group_room, n, sizeof *m->groups);
	if (n == count)
		m->groups[n] = (struct model_group){
			.entry = {.was = PRESENCE_ABSENT, .is = PRESENCE_ABSENT},
			.parent = NONE,
			.last_joined = NONE,
		};
	return n;
}

int32_t model_user(struct model *m, const char *code)
{
	int32_t count = m->user_codes.count, n = names_add(&m->user_codes, code);

	m->users = grown(m->users, &m->user_room, n, sizeof *m->users);
	if (n == count)
		m->users[n] = (struct model_user){
			.entry = {.was = PRESENCE_ABSENT, .is = PRESENCE_ABSENT},
			.group = NONE,
			.pattern = NONE,
			.voice_was = NONE,
			.voice = NONE,
		};
	return n;
}

/* Neither has blanks: user IDs and codes are checked by their rules before. */
enum { FAMILY_KEY_ROOM = 512 };

static const char *family_key(const char *user, const char *code, char key[FAMILY_KEY_ROOM])
{
	snprintf(key, FAMILY_KEY_ROOM, "%s %s", user, code);
	return key;
}

int32_t model_family(struct model *m, const char *user, const char *code)
{
	char key[FAMILY_KEY_ROOM];
	int32_t count = m->family_codes.count;
	int32_t n = names_add(&m->family_codes, family_key(user, code, key));

	m->families = grown(m->families, &m->family_room, n, sizeof *m->families);
	if (n == count)
		m->families[n].entry =
			(struct entry){.was = PRESENCE_ABSENT, .is = PRESENCE_ABSENT};
	return n;
}

int32_t model_find_family(const struct model *m, const char *user, const char *code)
{
	char key[FAMILY_KEY_ROOM];

	return names_find(&m->family_codes, family_key(user, code, key));
}

int32_t model_find_pattern(const struct model *m, const char *code)
{
	int32_t n = names_find(&m->pattern_codes, code);
	return n == NONE || m->patterns[n].entry.is == PRESENCE_ABSENT ? NONE : n;
}

int32_t model_find_group(const struct model *m, const char *code)
{
	int32_t n = names_find(&m->group_codes, code);
	return n == NONE || m->groups[n].entry.is == PRESENCE_ABSENT ? NONE : n;
}

int32_t model_find_user(const struct model *m, const char *code)
{
	int32_t n = names_find(&m->user_codes, code);
	return n == NONE || m->users[n].entry.is == PRESENCE_ABSENT ? NONE : n;
}

bool next_code(const char **list, char code[CODE_ROOM])
{
	const char *at = *list + strspn(*list, "; ");
	size_t length = strcspn(at, "; ");

	*list = at + length;
	if (length >= CODE_ROOM)
		length = CODE_ROOM - 1;
	memcpy(code, at, length);
	code[length] = '\0';
	return length > 0;
}

/* loading */

/* Database ids to numbers, for the references between rows. */
struct ids {
	struct id_number {
		int64_t id;
		int32_t number;
	} * pairs;
	int32_t count, room;
};

struct loading {
	struct model *model;
	struct ids groups, patterns;
	int64_t *parents; /* of groups, by number: ids */
	int32_t parent_room;
};

static void ids_add(struct ids *ids, int64_t id, int32_t number)
{
	ids->pairs = grown(ids->pairs, &ids->room, ids->count, sizeof *ids->pairs);
	ids->pairs[ids->count++] = (struct id_number){id, number};
}

static int compare_ids(const void *a, const void *b)
{
	int64_t x = ((const struct id_number *)a)->id, y = ((const struct id_number *)b)->id;
	return (x > y) - (x < y);
}

static void ids_sort(struct ids *ids)
{
	if (ids->count)
		qsort(ids->pairs, (size_t)ids->count, sizeof *ids->pairs, compare_ids);
}

static int32_t ids_find(const struct ids *ids, int64_t id)
{
	const struct id_number key = {.id = id};
	const struct id_number *found =
		ids->count ? bsearch(&key, ids->pairs, (size_t)ids->count, sizeof key, compare_ids)
			   : NULL;
	return found ? found->number : NONE;
}

static struct entry stored(int64_t id, enum presence presence)
{
	return (struct entry){.id = id, .was = (uint8_t)presence, .is = (uint8_t)presence};
}

static void see_pattern(const struct roster_pattern *pattern, void *arg)
{
	struct loading *l = arg;
	int32_t n = model_pattern(l->model, pattern->code);

	l->model->patterns[n].entry =
		stored(pattern->id, pattern->deleted ? PRESENCE_DELETED : PRESENCE_ACTIVE);
	ids_add(&l->patterns, pattern->id, n);
}

static void see_group(const struct roster_group *group, void *arg)
{
	struct loading *l = arg;
	int32_t n = model_group(l->model, group->code);
	struct model_group *g = &l->model->groups[n];

	g->entry = stored(group->id, group->deleted ? PRESENCE_DELETED : PRESENCE_ACTIVE);
	g->approvers = mem_string(group->approvers);
	g->upper = mem_string(group->upper_approvers);
	ids_add(&l->groups, group->id, n);
	l->parents = grown(l->parents, &l->parent_room, n, sizeof *l->parents);
	l->parents[n] = group->parent;
}

static void see_member(const struct roster_member *member, void *arg)
{
	struct loading *l = arg;
	int32_t n = model_user(l->model, member->code);
	struct model_user *u = &l->model->users[n];

	u->entry = stored(member->id, member->state);
	u->group = ids_find(&l->groups, member->group);
	u->pattern = ids_find(&l->patterns, member->pattern);
	u->has_card = member->has_card;
	if (*member->voice_id)
		u->voice = u->voice_was = names_add(&l->model->voice_ids, member->voice_id);
}

static void see_family(const char *user, const struct family *family, void *arg)
{
	struct loading *l = arg;
	int32_t n = model_family(l->model, user, family->code);

	l->model->families[n].entry = stored(family->id, PRESENCE_ACTIVE);
}

static enum store_status load_all(struct loading *l, struct store *store, bool cards, bool families)
{
	struct model *m = l->model;
	enum store_status status = roster_revision(store, &m->revision);

	if (!status)
		status = roster_each_pattern(store, see_pattern, l);
	if (!status)
		status = roster_each_group(store, see_group, l);
	ids_sort(&l->patterns);
	ids_sort(&l->groups);
	for (int32_t i = 0; i < m->group_codes.count; i++)
		m->groups[i].parent = ids_find(&l->groups, l->parents[i]);
	if (!status)
		status = roster_each_member(store, cards, see_member, l);
	if (!status && families)
		status = family_each(store, 0, see_family, l);
	return status;
}

enum store_status model_load(struct model *model, struct store *store, bool cards, bool families)
{
	struct loading loading = {.model = model};

	*model = (struct model){0};
	enum store_status status = roster_read_begin(store);
	if (!status)
		status = load_all(&loading, store, cards, families);
	store_rollback(store);
	free(loading.groups.pairs);
	free(loading.patterns.pairs);
	free(loading.parents);
	return status;
}

void model_free(struct model *m)
{
	for (int32_t i = 0; i < m->group_codes.count; i++) {
		free(m->groups[i].parent_code);
		free(m->groups[i].approvers);
		free(m->groups[i].upper);
	}
	free(m->patterns);
	free(m->groups);
	free(m->users);
	free(m->families);
	names_free(&m->pattern_codes);
	names_free(&m->group_codes);
	names_free(&m->user_codes);
	names_free(&m->voice_ids);
	names_free(&m->family_codes);
	*m = (struct model){0};
}
