#include "common/auth/pin.h"
#include "common/roster/card.h"
#include "common/roster/importing.h"

/*
 * Storing what was checked: the files are gone through a second time, this time without a fault.
 * Where the store is not as the check found it, it says STORE_CONFLICT and all is rolled back.
 */

/* Of an entry that the check has noted. */
static int32_t known(const struct names *names, const struct sheet *sheet)
{
	return names_find(names, sheet->cell[COLUMN_ID]);
}

static enum store_status apply_pattern(struct importing *import, const struct sheet *sheet)
{
	struct entry *entry =
		&import->model.patterns[known(&import->model.pattern_codes, sheet)].entry;

	if (!sheet_update(sheet)->stores)
		return roster_pattern_delete(import->store, entry->id);
	struct roster_pattern pattern = {
		.id = entry->id,
		.code = sheet->cell[COLUMN_ID],
		.name = sheet->cell[PATTERN_NAME],
		.breaks = sheet->cell[PATTERN_BREAKS],
		.work_minutes = sheet->cell[PATTERN_WORK],
		.morning_minutes = sheet->cell[PATTERN_MORNING],
		.auto_end = sheet->cell[PATTERN_END],
	};
	enum store_status status = roster_put_pattern(import->store, &pattern);
	entry->id = pattern.id;
	return status;
}

static enum store_status apply_group(struct importing *import, const struct sheet *sheet)
{
	struct entry *entry = &import->model.groups[known(&import->model.group_codes, sheet)].entry;

	if (entry->is == PRESENCE_DELETED)
		return roster_group_delete(import->store, entry->id);
	if (!sheet_update(sheet)->stores)
		return STORE_OK; /* to be removed, once its people are gone */
	struct roster_group group = {
		.id = entry->id,
		.code = sheet->cell[COLUMN_ID],
		.name = sheet->cell[GROUP_NAME],
		.approvers = sheet->cell[GROUP_APPROVERS],
		.upper_approvers = sheet->cell[GROUP_UPPER],
		.region = sheet->cell[GROUP_REGION],
	};
	enum store_status status = roster_put_group(import->store, &group);
	entry->id = group.id;
	return status;
}

/* Once every group has its row. Those to be removed let go of their parents. */
static enum store_status apply_parents(struct importing *import)
{
	const struct model *m = &import->model;
	enum store_status status = STORE_OK;

	for (int32_t i = 0; !status && i < m->group_codes.count; i++) {
		const struct model_group *group = &m->groups[i];
		bool removed = group->entry.is == PRESENCE_ABSENT;
		if (!group->entry.id || (!group->parent_code && !removed))
			continue;
		int64_t parent =
			removed || group->parent == NONE ? 0 : m->groups[group->parent].entry.id;
		status = roster_group_parent(import->store, group->entry.id, parent);
	}
	return status ? status : roster_place_groups(import->store);
}

static enum store_status apply_group_removals(struct importing *import)
{
	const struct model *m = &import->model;
	enum store_status status = STORE_OK;

	for (int32_t i = 0; !status && i < m->group_codes.count; i++) {
		const struct entry *entry = &m->groups[i].entry;
		bool used = false;
		if (!entry->id || entry->is != PRESENCE_ABSENT)
			continue;
		status = roster_group_used(import->store, entry->id, &used);
		if (!status)
			status = used ? STORE_CONFLICT
				      : roster_group_remove(import->store, entry->id);
	}
	return status;
}

/* people */

static enum store_status store_user(struct importing *import, const struct sheet *sheet,
				    struct model_user *user)
{
	const struct model *m = &import->model;
	struct roster_person person = {
		.id = user->entry.id,
		.code = sheet->cell[COLUMN_ID],
		.employee_number = sheet->cell[USER_NUMBER],
		.name = sheet->cell[USER_NAME],
		.kana = sheet->cell[USER_KANA],
		.email = sheet->cell[USER_MAIL],
		.admin = sheet->cell[USER_ADMIN],
		.division = {sheet->cell[USER_DASHBOARD], sheet->cell[USER_SEARCH]},
		.group = m->groups[user->group].entry.id,
		.state = (enum presence)user->entry.is,
		.language = (enum language)user->language,
		.region = {user->region[0], user->region[1], user->region[2]},
		.plan = user->plan,
	};

	for (int i = 2; i < ROSTER_DIVISIONS; i++)
		person.division[i] = sheet->cell[USER_START_APPROVAL + i - 2];
	if (!sheet->cell[USER_PATTERN])
		person.pattern = PATTERN_AS_IT_IS;
	else if (user->pattern != NONE)
		person.pattern = m->patterns[user->pattern].entry.id;
	enum store_status status = roster_put_person(import->store, &person);
	user->entry.id = person.id;
	return status;
}

static enum store_status remove_user(struct importing *import, int64_t id)
{
	bool used = false;
	enum store_status status = roster_person_used(import->store, id, &used);

	if (!status)
		status = used ? STORE_CONFLICT : roster_person_remove(import->store, id);
	return status;
}

static enum store_status apply_user(struct importing *import, const struct sheet *sheet)
{
	struct model_user *user = &import->model.users[known(&import->model.user_codes, sheet)];

	if (sheet_update(sheet)->stores)
		return store_user(import, sheet, user);
	if (user->entry.is == PRESENCE_ABSENT)
		return remove_user(import, user->entry.id);
	if (user->entry.is == user->entry.was)
		return roster_person_reissue(import->store, user->entry.id);
	return roster_person_state(import->store, user->entry.id, (enum presence)user->entry.is);
}

static enum store_status apply_contact(struct importing *import, const struct sheet *sheet)
{
	const struct entry *owner =
		&import->model.users[known(&import->model.user_codes, sheet)].entry;
	struct roster_card card = {0};
	enum store_status status = STORE_OK;

	if (!sheet_update(sheet)->stores)
		return roster_card_delete(import->store, owner->id);
	if (sheet->update == UPDATE_CHANGE && !card_is_whole(sheet))
		status = roster_card_load(import->store, owner->id, &card);
	if (status)
		return status;
	card_take(&card, sheet, &import->request->telephones);
	if (card.voice_pin[0])
		pin_hash(card.voice_pin, card.voice_pin_hash);
	if (owner->was == PRESENCE_ABSENT) {
		status = roster_add_addresses(import->store, owner->id, &card);
		if (!status && card.voice_id[0])
			status = roster_put_voice(import->store, owner->id, &card);
		return status;
	}
	return roster_put_card(import->store, owner->id, &card);
}

/* So that two people can change theirs, each for the other's. */
static enum store_status release_voice_ids(struct importing *import)
{
	const struct model *m = &import->model;
	enum store_status status = STORE_OK;

	for (int32_t i = 0; !status && i < m->user_codes.count; i++) {
		const struct model_user *user = &m->users[i];
		if (user->voice_was != NONE && user->voice != user->voice_was)
			status = roster_release_voice(import->store, user->entry.id);
	}
	return status;
}

/* References run from contacts and families to people to groups; parents come when all groups are there. */
enum store_status apply_rows(struct importing *import)
{
	const struct sheet *sheet = import->sheet;
	enum store_status status = STORE_OK;

	while (!status && import_next(import, ROSTER_PATTERNS))
		status = apply_pattern(import, &sheet[ROSTER_PATTERNS]);
	while (!status && import_next(import, ROSTER_GROUPS))
		status = apply_group(import, &sheet[ROSTER_GROUPS]);
	if (!status)
		status = apply_parents(import);
	while (!status && import_next(import, ROSTER_USERS))
		status = apply_user(import, &sheet[ROSTER_USERS]);
	if (!status)
		status = release_voice_ids(import);
	while (!status && import_next(import, ROSTER_CONTACTS))
		status = apply_contact(import, &sheet[ROSTER_CONTACTS]);
	while (!status && import_next(import, ROSTER_FAMILY))
		status = apply_family(import, &sheet[ROSTER_FAMILY]);
	return status ? status : apply_group_removals(import);
}
