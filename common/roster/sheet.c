#include "common/roster/sheet.h"

#include "common/base/utf8.h"

#include <stdio.h>
#include <string.h>

enum { UNREADABLE_MOST = 1000, SHOWN_CHARACTERS = 40 };

struct place sheet_place(const struct sheet *sheet, int column)
{
	return (struct place){
		.file = (int)sheet->file,
		.label = sheet->label,
		.row = sheet->row,
		.column = column == COLUMN_NONE ? "" : sheet->kind->columns[column].name,
	};
}

const struct update *sheet_update(const struct sheet *sheet)
{
	return &sheet->kind->update[sheet->update];
}

const char *shown(const char *cell, char *room)
{
	size_t length = utf8_offset(cell, SHOWN_CHARACTERS);

	snprintf(room, SHOWN_ROOM, "%.*s%s", (int)length, cell, cell[length] ? "…" : "");
	for (char *c = room; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return room;
}

/* rows */

static bool is_blank(const char *c, size_t *size)
{
	static const char wide[] = "　";

	*size = *c == ' ' || *c == '\t' ? 1 : sizeof wide - 1;
	return *size == 1 || strncmp(c, wide, *size) == 0;
}

/* Takes blanks off both ends, ASCII and full-width, in place. */
static char *trim(char *cell)
{
	size_t size;

	while (*cell && is_blank(cell, &size))
		cell += size;
	char *end = cell + strlen(cell);
	for (;;) {
		size_t left = (size_t)(end - cell);
		if (left >= 1 && is_blank(end - 1, &size) && size == 1)
			end--;
		else if (left >= 3 && is_blank(end - 3, &size) && size == 3)
			end -= 3;
		else
			break;
	}
	*end = '\0';
	return cell;
}

static bool is_empty_row(const struct csv *csv)
{
	for (size_t i = 0; i < csv->count; i++)
		if (*csv->cell[i])
			return false;
	return true;
}

static bool take_cells(struct sheet *sheet, struct faults *faults)
{
	struct csv *csv = &sheet->csv;

	sheet->row = csv->line;
	for (size_t i = 0; i < csv->count; i++)
		csv->cell[i] = csv_text(trim(csv->cell[i]));
	/* A comment that a spreadsheet has put in quotes is one all the same. */
	if (csv->cell[0][0] == '#' || is_empty_row(csv))
		return false;
	if (csv->count != sheet->width) {
		struct place place = sheet_place(sheet, COLUMN_NONE);
		fault_add(faults, &place,
			  "カラム数が異常です (expected %zu columns as in the header, found %zu)",
			  sheet->width, csv->count);
		return false;
	}
	for (size_t i = 0; i < sheet->kind->column_count; i++)
		sheet->cell[i] = sheet->at[i] < 0 ? NULL : csv->cell[sheet->at[i]];
	return true;
}

static bool take_update(struct sheet *sheet, struct faults *faults)
{
	const char *cell = sheet->cell[COLUMN_UPDATE];
	struct place place = sheet_place(sheet, COLUMN_UPDATE);
	char room[SHOWN_ROOM];

	sheet->update = *cell >= '0' && *cell < '0' + UPDATES_MOST && !cell[1] ? *cell - '0' : -1;
	if (sheet->update >= 0 && sheet_update(sheet)->word)
		return true;
	fault_add(faults, &place, "%s のどれかです: 「%s」 (unknown update code)",
		  sheet->kind->codes, shown(cell, room));
	return false;
}

static bool take_unreadable(struct sheet *sheet, struct faults *faults)
{
	sheet->row = sheet->csv.line;
	struct place place = sheet_place(sheet, COLUMN_NONE);

	fault_add(faults, &place, "%s", sheet->csv.fault);
	if (++sheet->unreadable < UNREADABLE_MOST)
		return true;
	fault_add(faults, &place,
		  "これより後は読みません (too many of these: the rest is not read)");
	return false;
}

/* Bytes that are no characters: in rows without processing, too. */
static bool check_characters(const struct sheet *sheet, struct faults *faults)
{
	bool sound = true;

	for (size_t i = 0; sheet->replaced && i < sheet->kind->column_count; i++) {
		struct place place = sheet_place(sheet, (int)i);
		if (!sheet->cell[i] || !strstr(sheet->cell[i], "\xef\xbf\xbd"))
			continue;
		fault_add(faults, &place,
			  "文字として正しくないバイトがあります (bytes that are not "
			  "sound %s)",
			  charset_name(sheet->charset));
		sound = false;
	}
	return sound;
}

bool sheet_next(struct sheet *sheet, struct faults *faults)
{
	enum csv_result result;

	while ((result = csv_next(&sheet->csv)) != CSV_END) {
		if (result == CSV_FAULT && !take_unreadable(sheet, faults))
			return false;
		if (result == CSV_RECORD && take_cells(sheet, faults) &&
		    check_characters(sheet, faults) && take_update(sheet, faults))
			return true;
	}
	return false;
}

/* cells */

static const char *fault_of(const struct column *column, const char *cell)
{
	if (!*cell)
		return column->flags & FILLED ? "必須項目です (must not be empty)" : NULL;
	if (has_controls(cell))
		return "改行などの制御文字は使えません (control characters such as line ends)";
	return column->rule ? column->rule(cell) : NULL;
}

static bool check_cell(const struct sheet *sheet, int at, struct faults *faults)
{
	const struct column *column = &sheet->kind->columns[at];
	const char *cell = sheet->cell[at];
	struct place place = sheet_place(sheet, at);
	char room[SHOWN_ROOM];

	const char *fault = fault_of(column, cell);
	if (fault && *cell && !(column->flags & SECRET))
		fault_add(faults, &place, "%s: 「%s」", fault, shown(cell, room));
	else if (fault)
		fault_add(faults, &place, "%s", fault);
	size_t length = column->most ? utf8_count(cell) : 0;
	if (length > column->most)
		fault_add(faults, &place, "%zu 文字までです (at most %zu characters, found %zu)",
			  column->most, column->most, length);
	return !fault && length <= column->most;
}

bool sheet_check_cells(const struct sheet *sheet, bool all, struct faults *faults)
{
	struct place place = sheet_place(sheet, COLUMN_ID);
	bool good = true;

	if (!*sheet->cell[COLUMN_ID]) {
		fault_add(faults, &place, "必須項目です (must not be empty)");
		good = false;
	}
	for (size_t i = COLUMN_ID; i < (all ? sheet->kind->column_count : COLUMN_ID + 1); i++)
		if (sheet->cell[i] && !check_cell(sheet, (int)i, faults))
			good = false;
	return good;
}
