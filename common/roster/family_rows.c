#include "common/roster/importing.h"
#include "common/store/family.h"

#include <assert.h>
#include <string.h>

/* The rows of the family file: checked in the first pass, stored in the second. */

/* Copies a cell whose length its rule has checked; without such a column the text stays. */
static void take_text(char *to, size_t room, const char *cell)
{
	size_t length = cell ? strlen(cell) : 0;

	assert(length < room);
	if (cell)
		memcpy(to, cell, length + 1);
}

#define TAKE_TEXT(to, cell) take_text(to, sizeof(to), cell)

/* The cells have passed their rules. */
static void take_row(struct family *family, const struct sheet *sheet)
{
	const char *const *cell = sheet->cell;

	TAKE_TEXT(family->code, cell[COLUMN_ID]);
	TAKE_TEXT(family->name, cell[FAMILY_NAME]);
	TAKE_TEXT(family->kana, cell[FAMILY_KANA]);
	if (!language_by_name(cell[FAMILY_LANGUAGE], &family->language))
		family->language = LANGUAGE_JA;
	TAKE_TEXT(family->region, cell[FAMILY_REGION]);
	TAKE_TEXT(family->city, cell[FAMILY_CITY]);
	TAKE_TEXT(family->street, cell[FAMILY_STREET]);
	for (int i = 0; i < PLAN_ADDRESSES; i++)
		TAKE_TEXT(family->mail[i], cell[FAMILY_MAIL1 + i]);
	TAKE_TEXT(family->telephone, cell[FAMILY_TEL]);
}

/* As it is stored, if it is, with the row's cells over it. */
static enum store_status read_row(struct importing *import, const struct sheet *sheet,
				  const struct entry *entry, struct family *family)
{
	enum store_status status = STORE_OK;

	*family = (struct family){0};
	if (entry->id)
		status = family_load(import->store, entry->id, family);
	if (status)
		return status == STORE_NONE ? STORE_CONFLICT : status;
	take_row(family, sheet);
	return STORE_OK;
}

/* checking */

static void check_gaps(const struct family *family, const struct sheet *sheet,
		       struct faults *faults)
{
	for (int i = 1; i < PLAN_ADDRESSES; i++) {
		struct place place = sheet_place(sheet, FAMILY_MAIL1 + i);
		if (family->mail[i][0] && !family->mail[i - 1][0])
			fault_add(
				faults, &place,
				"前のメールが空欄です (fill the mail addresses from the first on)");
	}
}

/* Whose family it is; false, told of, where there is no such person. */
static bool check_person(struct importing *import, const struct sheet *sheet)
{
	const char *code = sheet->cell[FAMILY_USER];
	struct place place = sheet_place(sheet, FAMILY_USER);
	char room[SHOWN_ROOM];
	int32_t n = model_find_user(&import->model, code);

	if (n == NONE && import_is_blind(import, ROSTER_USERS))
		return false;
	if (n != NONE &&
	    (import->model.users[n].entry.is != PRESENCE_DELETED || !sheet_update(sheet)->stores))
		return true;
	fault_add(&import->report->faults, &place,
		  n == NONE ? "登録されていないユーザです: 「%s」 (no such user)"
			    : "削除されたユーザです: 「%s」 (the user is deleted)",
		  shown(code, room));
	return false;
}

static bool names_somebody(const struct sheet *sheet, struct faults *faults)
{
	struct place place = sheet_place(sheet, FAMILY_USER);
	const char *user = sheet->cell[FAMILY_USER];

	/* Of a row that stores nothing only the family code was checked. */
	if (!sheet_update(sheet)->stores && (!*user || rule_user_id(user)))
		fault_add(faults, &place, "ユーザ ID がありません (no user ID)");
	return *user && !rule_user_id(user) && strlen(user) < CODE_ROOM &&
	       *sheet->cell[COLUMN_ID] && !rule_family_code(sheet->cell[COLUMN_ID]);
}

enum store_status check_family(struct importing *import, const struct sheet *sheet)
{
	struct faults *faults = &import->report->faults;
	bool stores = sheet_update(sheet)->stores;
	bool good = sheet_check_cells(sheet, stores, faults);
	struct family family;

	if (!names_somebody(sheet, faults) || !check_person(import, sheet))
		return STORE_OK;
	int32_t n = model_family(&import->model, sheet->cell[FAMILY_USER], sheet->cell[COLUMN_ID]);
	struct entry *entry = &import->model.families[n].entry;
	if (!check_once(sheet, entry->row, faults))
		return STORE_OK;
	check_move(sheet, entry, faults);
	if (!good || !stores)
		return STORE_OK;
	enum store_status status = read_row(import, sheet, entry, &family);
	if (!status)
		check_gaps(&family, sheet, faults);
	return status;
}

/* storing */

enum store_status apply_family(struct importing *import, const struct sheet *sheet)
{
	const struct model *m = &import->model;
	const char *user = sheet->cell[FAMILY_USER];
	const struct entry *entry =
		&m->families[model_find_family(m, user, sheet->cell[COLUMN_ID])].entry;
	struct family family;

	if (!sheet_update(sheet)->stores)
		return family_delete(import->store, entry->id);
	enum store_status status = read_row(import, sheet, entry, &family);
	family.person = m->users[model_find_user(m, user)].entry.id;
	return status ? status : family_put(import->store, &family);
}
