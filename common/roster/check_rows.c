#include "common/base/mem.h"
#include "common/roster/card.h"
#include "common/roster/importing.h"

#include <stdlib.h>
#include <string.h>

/* Each file by itself, row by row, against the roster as it stands. */

/* Why the update is not for an entry that is so. */
static const char *refusal(enum presence was, int update)
{
	switch (was) {
	case PRESENCE_ABSENT:
		return "登録されていません (not registered; register it with 1)";
	case PRESENCE_DELETED:
		return "削除されています (deleted; register it again with 4)";
	case PRESENCE_NO_LOGIN:
		return update == UPDATE_REGISTER
			       ? "既に登録されています (registered already; change it with 2)"
			       : "ログイン不可になっています (stopped; register it again with 4)";
	case PRESENCE_ACTIVE:
		break;
	}
	return update == UPDATE_REGISTER
		       ? "既に登録されています (registered already; change it with 2)"
		       : "削除されていません (not deleted; change it with 2)";
}

void check_move(const struct sheet *sheet, struct entry *entry, struct faults *faults)
{
	const struct update *update = sheet_update(sheet);
	struct place place = sheet_place(sheet, COLUMN_UPDATE);
	bool allowed = update->from & 1u << entry->was;

	if (!allowed)
		fault_add(faults, &place, "%s", refusal((enum presence)entry->was, sheet->update));
	entry->row = (uint32_t)sheet->row;
	entry->update = (uint8_t)sheet->update;
	if (update->to >= 0)
		entry->is = (uint8_t)update->to;
	else if (!allowed)
		entry->is = PRESENCE_ACTIVE;
}

bool check_once(const struct sheet *sheet, size_t earlier, struct faults *faults)
{
	struct place place = sheet_place(sheet, COLUMN_ID);

	if (!earlier)
		return true;
	fault_add(faults, &place, "同じ ID が %zu 行目にもあります (the same ID is in line %zu)",
		  earlier, earlier);
	return false;
}

/* The cells and the id of a row. False: the row names nothing that could be noted. */
static bool check_cells(const struct sheet *sheet, struct faults *faults)
{
	bool good = sheet_check_cells(sheet, sheet_update(sheet)->stores, faults);

	return good || *sheet->cell[COLUMN_ID];
}

/* patterns */

static void check_morning(const struct sheet *sheet, struct faults *faults)
{
	const char *work = sheet->cell[PATTERN_WORK], *morning = sheet->cell[PATTERN_MORNING];
	struct place place = sheet_place(sheet, PATTERN_MORNING);

	if (*work && morning && *morning && !rule_some_minutes(morning) && !rule_minutes(work) &&
	    atoi(morning) > atoi(work))
		fault_add(faults, &place, "業務時間を超えています (more than the working minutes)");
}

static void check_pattern(struct importing *import, const struct sheet *sheet)
{
	struct faults *faults = &import->report->faults;

	if (!check_cells(sheet, faults))
		return;
	if (sheet_update(sheet)->stores)
		check_morning(sheet, faults);
	int32_t n = model_pattern(&import->model, sheet->cell[COLUMN_ID]);
	struct entry *entry = &import->model.patterns[n].entry;
	if (check_once(sheet, entry->row, faults))
		check_move(sheet, entry, faults);
}

/* groups */

/* Takes a cell that is there and keeps its rule: one that does not is told of once. */
static void replace(char **text, const char *cell, roster_rule *rule)
{
	if (!cell || (*cell && rule(cell)))
		return;
	free(*text);
	*text = mem_string(cell);
}

static void check_group(struct importing *import, const struct sheet *sheet)
{
	struct faults *faults = &import->report->faults;

	if (!check_cells(sheet, faults))
		return;
	int32_t n = model_group(&import->model, sheet->cell[COLUMN_ID]);
	struct model_group *group = &import->model.groups[n];
	if (!check_once(sheet, group->entry.row, faults))
		return;
	check_move(sheet, &group->entry, faults);
	if (!sheet_update(sheet)->stores)
		return;
	replace(&group->approvers, sheet->cell[GROUP_APPROVERS], rule_user_ids);
	replace(&group->upper, sheet->cell[GROUP_UPPER], rule_user_ids);
	replace(&group->parent_code, sheet->cell[GROUP_PARENT], rule_group_id);
}

/* people */

static int32_t check_group_of(struct importing *import, const struct sheet *sheet)
{
	const char *code = sheet->cell[USER_GROUP];
	struct place place = sheet_place(sheet, USER_GROUP);
	char room[SHOWN_ROOM];
	int32_t n = model_find_group(&import->model, code);

	if (!*code || rule_group_id(code))
		return NONE;
	if (n == NONE && import_is_blind(import, ROSTER_GROUPS))
		return NONE;
	if (n == NONE)
		fault_add(&import->report->faults, &place,
			  "登録されていないグループです: 「%s」 (no such group)",
			  shown(code, room));
	else if (import->model.groups[n].entry.is == PRESENCE_DELETED)
		fault_add(&import->report->faults, &place,
			  "削除されたグループです: 「%s」 (the group is deleted)",
			  shown(code, room));
	else
		return n;
	return NONE;
}

static int32_t check_pattern_of(struct importing *import, const struct sheet *sheet)
{
	const char *code = sheet->cell[USER_PATTERN];
	struct place place = sheet_place(sheet, USER_PATTERN);
	char room[SHOWN_ROOM];
	int32_t n = model_find_pattern(&import->model, code);

	if (!*code || rule_group_id(code))
		return NONE;
	if (n == NONE && import_is_blind(import, ROSTER_PATTERNS))
		return NONE;
	if (n == NONE)
		fault_add(&import->report->faults, &place,
			  "登録されていない勤務パターンです: 「%s」 (no such work pattern)",
			  shown(code, room));
	else if (import->model.patterns[n].entry.is == PRESENCE_DELETED)
		fault_add(&import->report->faults, &place,
			  "削除された勤務パターンです: 「%s」 (the work pattern is deleted)",
			  shown(code, room));
	else
		return n;
	return NONE;
}

static void check_user(struct importing *import, const struct sheet *sheet)
{
	struct faults *faults = &import->report->faults;

	if (!check_cells(sheet, faults))
		return;
	int32_t n = model_user(&import->model, sheet->cell[COLUMN_ID]);
	struct model_user *user = &import->model.users[n];
	if (!check_once(sheet, user->entry.row, faults))
		return;
	check_move(sheet, &user->entry, faults);
	if (!sheet_update(sheet)->stores)
		return;
	int32_t group = check_group_of(import, sheet);
	bool counted = user->entry.was == PRESENCE_ACTIVE || user->entry.was == PRESENCE_NO_LOGIN;
	user->joins = !counted || group != user->group;
	user->group = group;
	if (sheet->cell[USER_PATTERN])
		user->pattern = check_pattern_of(import, sheet);
}

/* contacts */

/* What a new person's row will have of the card. */
static void note_card(struct model_user *user, const struct roster_card *card)
{
	user->language = (uint8_t)card->language;
	memcpy(user->region, card->region, sizeof user->region);
	user->plan = card->plan;
}

static enum store_status check_card(struct importing *import, const struct sheet *sheet,
				    struct model_user *user)
{
	struct roster_card card = {0};
	enum store_status status = STORE_OK;

	if (sheet->update == UPDATE_CHANGE && user->has_card && !card_is_whole(sheet))
		status = roster_card_load(import->store, user->entry.id, &card);
	if (status)
		return status;
	card_take(&card, sheet, &import->request->telephones);
	card_check(&card, sheet, &import->request->telephones, &import->report->faults);
	note_card(user, &card);
	user->voice = card.voice_id[0] ? names_add(&import->model.voice_ids, card.voice_id) : NONE;
	return STORE_OK;
}

static struct model_user *check_owner(struct importing *import, const struct sheet *sheet)
{
	const char *code = sheet->cell[COLUMN_ID];
	struct place place = sheet_place(sheet, COLUMN_ID);
	char room[SHOWN_ROOM];
	int32_t n = model_find_user(&import->model, code);

	if (n == NONE && import_is_blind(import, ROSTER_USERS))
		return NULL;
	if (n == NONE)
		fault_add(&import->report->faults, &place,
			  "登録されていないユーザです: 「%s」 (no such user)", shown(code, room));
	else if (import->model.users[n].entry.is == PRESENCE_DELETED && sheet_update(sheet)->stores)
		fault_add(&import->report->faults, &place,
			  "削除されたユーザです: 「%s」 (the user is deleted)", shown(code, room));
	else
		return &import->model.users[n];
	return NULL;
}

static enum store_status check_contact(struct importing *import, const struct sheet *sheet)
{
	struct faults *faults = &import->report->faults;
	bool stores = sheet_update(sheet)->stores;

	bool good = sheet_check_cells(sheet, stores, faults);
	struct model_user *user = *sheet->cell[COLUMN_ID] ? check_owner(import, sheet) : NULL;
	if (!user || !check_once(sheet, user->card_row, faults))
		return STORE_OK;
	struct entry entry = {.was = user->has_card ? PRESENCE_ACTIVE : PRESENCE_ABSENT};
	check_move(sheet, &entry, faults);
	user->card_row = (uint32_t)sheet->row;
	if (!stores)
		user->voice = NONE;
	return good && stores ? check_card(import, sheet, user) : STORE_OK;
}

enum store_status check_rows(struct importing *import)
{
	struct sheet *sheet = import->sheet;
	enum store_status status = STORE_OK;

	while (import_next(import, ROSTER_PATTERNS))
		check_pattern(import, &sheet[ROSTER_PATTERNS]);
	while (import_next(import, ROSTER_GROUPS))
		check_group(import, &sheet[ROSTER_GROUPS]);
	while (import_next(import, ROSTER_USERS))
		check_user(import, &sheet[ROSTER_USERS]);
	while (!status && import_next(import, ROSTER_CONTACTS))
		status = check_contact(import, &sheet[ROSTER_CONTACTS]);
	while (!status && import_next(import, ROSTER_FAMILY))
		status = check_family(import, &sheet[ROSTER_FAMILY]);
	return status;
}
