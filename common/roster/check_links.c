#include "common/base/mem.h"
#include "common/roster/importing.h"

#include <stdlib.h>

/* What holds between groups, people and patterns once every file has been gone through. */

/* Whether the import's file changes what is stored of the group, not only its state. */
static bool is_written(const struct model_group *group)
{
	return group->entry.row && roster_kinds[ROSTER_GROUPS].update[group->entry.update].stores;
}

static const char *group_code(const struct importing *import, int32_t n)
{
	return import->model.group_codes.text[n];
}

/* parents */

static void find_parent(struct importing *import, struct model_group *group)
{
	struct place place = import_place(import, ROSTER_GROUPS, group->entry.row, GROUP_PARENT);
	char room[SHOWN_ROOM];

	if (!group->parent_code)
		return;
	group->parent = model_find_group(&import->model, group->parent_code);
	if (*group->parent_code && group->parent == NONE)
		fault_add(&import->report->faults, &place,
			  "登録されていないグループです: 「%s」 (no such group)",
			  shown(group->parent_code, room));
}

/* A group needs a parent that is as alive as itself. */
static void check_parent(struct importing *import, int32_t n)
{
	struct model_group *group = &import->model.groups[n], *parent;
	struct faults *faults = &import->report->faults;

	if (group->entry.is == PRESENCE_ABSENT || group->parent == NONE)
		return;
	parent = &import->model.groups[group->parent];
	if (parent->entry.is == PRESENCE_ACTIVE ||
	    (parent->entry.is == PRESENCE_DELETED && group->entry.is == PRESENCE_DELETED))
		return;
	struct place child = import_place(import, ROSTER_GROUPS, group->entry.row, GROUP_PARENT);
	struct place above = import_place(import, ROSTER_GROUPS, parent->entry.row, COLUMN_UPDATE);
	if (is_written(group))
		fault_add(faults, &child,
			  "削除されたグループです: 「%s」 (the group above is deleted)",
			  group_code(import, group->parent));
	else if (parent->entry.row)
		fault_add(faults, &above,
			  "下位グループ「%s」があります (the group has others below it)",
			  group_code(import, n));
}

/*
 * Follows the parents from `n`. Groups passed on an earlier walk have its number in `walk`, so that
 * each is passed once.
 */
static void check_cycle(struct importing *import, int32_t n, int32_t *walk)
{
	struct model_group *groups = import->model.groups;
	int32_t at = n, reported;

	while (at != NONE && !walk[at]) {
		walk[at] = n + 1;
		at = groups[at].parent;
	}
	if (at == NONE || walk[at] != n + 1)
		return;
	/* `at` is in the cycle: blame a group of it that the file changes. */
	reported = at;
	for (int32_t next = groups[at].parent; next != at && !is_written(&groups[reported]);
	     next = groups[next].parent)
		reported = next;
	struct place place =
		import_place(import, ROSTER_GROUPS, groups[reported].entry.row, GROUP_PARENT);
	if (groups[reported].entry.row)
		fault_add(
			&import->report->faults, &place,
			"上位グループが循環しています: 「%s」 (the groups above it lead back to it)",
			group_code(import, reported));
}

static void check_parents(struct importing *import)
{
	int32_t count = import->model.group_codes.count;
	int32_t *walk = mem_array((size_t)count, sizeof *walk);

	for (int32_t i = 0; i < count; i++)
		find_parent(import, &import->model.groups[i]);
	for (int32_t i = 0; i < count; i++) {
		check_parent(import, i);
		if (!walk[i])
			check_cycle(import, i, walk);
	}
	free(walk);
}

/* people in groups */

static void count_people(struct model *m)
{
	for (int32_t i = 0; i < m->user_codes.count; i++) {
		struct model_user *user = &m->users[i];
		struct model_group *group = user->group == NONE ? NULL : &m->groups[user->group];
		bool there =
			user->entry.is == PRESENCE_ACTIVE || user->entry.is == PRESENCE_NO_LOGIN;
		if (group && there)
			group->people++;
		else if (group && user->entry.is == PRESENCE_DELETED)
			group->kept++;
		if (group && there && user->joins)
			group->last_joined = i;
		if (there && user->pattern != NONE)
			m->patterns[user->pattern].people++;
	}
}

static void check_limit(struct importing *import, int32_t n)
{
	const struct model_group *group = &import->model.groups[n];
	int64_t limit = import->request->group_limit;

	if (group->people <= limit || group->last_joined == NONE)
		return;
	size_t row = import->model.users[group->last_joined].entry.row;
	struct place place = import_place(import, ROSTER_USERS, row, USER_GROUP);
	fault_add(&import->report->faults, &place,
		  "1 つのグループに登録できるユーザは %lld 名までです: 「%s」 は %d 名になります "
		  "(group %s would have %d people, at most %lld)",
		  (long long)limit, group_code(import, n), group->people, group_code(import, n),
		  group->people, (long long)limit);
}

/* A group that goes must be left by everyone: by the living to be deleted, by all to be removed. */
static void check_emptied(struct importing *import, int32_t n)
{
	const struct model_group *group = &import->model.groups[n];
	struct place place = import_place(import, ROSTER_GROUPS, group->entry.row, COLUMN_UPDATE);
	bool removed = group->entry.is == PRESENCE_ABSENT;

	if (!group->entry.row || group->entry.is == PRESENCE_ACTIVE)
		return;
	if (group->people)
		fault_add(
			&import->report->faults, &place,
			"まだ %d 名が所属しています (the group still has %d people: move or delete "
			"them first)",
			group->people, group->people);
	else if (removed && group->kept)
		fault_add(&import->report->faults, &place,
			  "削除済みのユーザが %d 名残っています (%d deleted people are kept in the "
			  "group: delete it with 3)",
			  group->kept, group->kept);
}

static void check_pattern_unused(struct importing *import, int32_t n)
{
	const struct model_pattern *pattern = &import->model.patterns[n];
	struct place place =
		import_place(import, ROSTER_PATTERNS, pattern->entry.row, COLUMN_UPDATE);

	if (pattern->entry.row && pattern->entry.is == PRESENCE_DELETED && pattern->people)
		fault_add(&import->report->faults, &place,
			  "%d 名が使っています (%d people still have the work pattern)",
			  pattern->people, pattern->people);
}

/* approvers */

/* An approver of a group: told of at the group's row, else at the row that deletes the person. */
static void check_approver(struct importing *import, int32_t n, int column, const char *code)
{
	const struct model_group *group = &import->model.groups[n];
	int32_t user = names_find(&import->model.user_codes, code);
	const struct entry *entry = user == NONE ? NULL : &import->model.users[user].entry;
	struct place at_group = import_place(import, ROSTER_GROUPS, group->entry.row, column);
	char room[SHOWN_ROOM];

	if (entry && (entry->is == PRESENCE_ACTIVE || entry->is == PRESENCE_NO_LOGIN))
		return;
	if (!entry && import_is_blind(import, ROSTER_USERS))
		return;
	if (is_written(group)) {
		fault_add(&import->report->faults, &at_group,
			  entry && entry->is == PRESENCE_DELETED
				  ? "削除されたユーザです: 「%s」 (the user is deleted)"
				  : "登録されていないユーザです: 「%s」 (no such user)",
			  shown(code, room));
	} else if (entry && entry->row) {
		struct place at_user =
			import_place(import, ROSTER_USERS, entry->row, COLUMN_UPDATE);
		fault_add(
			&import->report->faults, &at_user,
			"グループ「%s」の承認者です (an approver of group %s: name another first)",
			group_code(import, n), group_code(import, n));
	}
}

static void check_approvers(struct importing *import, int32_t n)
{
	const struct model_group *group = &import->model.groups[n];
	char code[CODE_ROOM];

	if (group->entry.is != PRESENCE_ACTIVE)
		return;
	for (const char *list = group->approvers ? group->approvers : ""; next_code(&list, code);)
		check_approver(import, n, GROUP_APPROVERS, code);
	for (const char *list = group->upper ? group->upper : ""; next_code(&list, code);)
		check_approver(import, n, GROUP_UPPER, code);
}

/* voice IDs */

static void check_voice_ids(struct importing *import)
{
	struct model *m = &import->model;
	int32_t *owner = mem_array((size_t)m->voice_ids.count + 1, sizeof *owner);

	for (int32_t i = 0; i < m->voice_ids.count; i++)
		owner[i] = NONE;
	/* Those who keep theirs come first, so that the rows that want it are told of. */
	for (int32_t i = 0; i < m->user_codes.count; i++)
		if (m->users[i].voice != NONE && !m->users[i].card_row)
			owner[m->users[i].voice] = i;
	for (int32_t i = 0; i < m->user_codes.count; i++) {
		const struct model_user *user = &m->users[i];
		struct place place =
			import_place(import, ROSTER_CONTACTS, user->card_row, CONTACT_VOICE_ID);
		if (user->voice == NONE || !user->card_row)
			continue;
		if (owner[user->voice] == NONE)
			owner[user->voice] = i;
		else
			fault_add(
				&import->report->faults, &place,
				"音声IDが重複しています: %s (another person has the voice ID: %s)",
				m->voice_ids.text[user->voice],
				m->user_codes.text[owner[user->voice]]);
	}
	free(owner);
}

/* removal for good */

static enum store_status check_group_removal(struct importing *import, const struct entry *entry)
{
	struct place place = import_place(import, ROSTER_GROUPS, entry->row, COLUMN_UPDATE);
	bool used = false;

	if (!entry->row || !entry->id || entry->is != PRESENCE_ABSENT)
		return STORE_OK;
	enum store_status status = roster_group_used(import->store, entry->id, &used);
	if (used)
		fault_add(
			&import->report->faults, &place,
			"一斉通報の宛先として記録に残っています (a broadcast was sent to the group; "
			"the record needs it: delete it with 3)");
	return status;
}

static enum store_status check_user_removal(struct importing *import, const struct entry *entry)
{
	struct place place = import_place(import, ROSTER_USERS, entry->row, COLUMN_UPDATE);
	bool used = false;

	if (!entry->row || !entry->id || entry->is != PRESENCE_ABSENT)
		return STORE_OK;
	enum store_status status = roster_person_used(import->store, entry->id, &used);
	if (used)
		fault_add(
			&import->report->faults, &place,
			"通報の記録に残っています (broadcasts or answers name the person, who must "
			"stay accounted for: delete with 6)");
	return status;
}

static enum store_status check_removals(struct importing *import)
{
	const struct model *m = &import->model;
	enum store_status status = STORE_OK;

	for (int32_t i = 0; !status && i < m->group_codes.count; i++)
		status = check_group_removal(import, &m->groups[i].entry);
	for (int32_t i = 0; !status && i < m->user_codes.count; i++)
		status = check_user_removal(import, &m->users[i].entry);
	return status;
}

enum store_status check_links(struct importing *import)
{
	check_parents(import);
	count_people(&import->model);
	for (int32_t i = 0; i < import->model.group_codes.count; i++) {
		check_limit(import, i);
		check_emptied(import, i);
		check_approvers(import, i);
	}
	for (int32_t i = 0; i < import->model.pattern_codes.count; i++)
		check_pattern_unused(import, i);
	check_voice_ids(import);
	return check_removals(import);
}
