#include "common/base/mem.h"
#include "common/roster/sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Opening a sheet: its bytes, their characters, its header. */

static const size_t file_most = (size_t)1 << 30;

enum { CHUNK = 1 << 20 };

static bool read_all(int file, struct buf *bytes, const char *label, struct buf *why)
{
	char *chunk = mem_alloc(CHUNK);
	ssize_t got;

	while ((got = read(file, chunk, CHUNK)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || bytes->length + (size_t)got > file_most)
			break;
		buf_add(bytes, chunk, (size_t)got);
	}
	if (got < 0)
		buf_format(why, "%s: %s", label, strerror(errno));
	else if (got > 0)
		buf_format(why, "%s: larger than 1 GiB; divide it", label);
	free(chunk);
	return got == 0;
}

static bool read_file(const char *path, const char *label, struct buf *bytes, struct buf *why)
{
	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, bytes, label, why);

	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (file < 0) {
		buf_format(why, "%s: %s", label, strerror(errno));
		return false;
	}
	bool done = read_all(file, bytes, label, why);
	close(file);
	return done;
}

/* characters */

static bool is_text(struct sheet *sheet, const struct buf *bytes, struct faults *faults)
{
	const char *text = buf_text(bytes);
	const char *nul = bytes->length ? memchr(text, 0, bytes->length) : NULL;
	bool utf16 = sheet->charset == CHARSET_UTF16;

	if (!utf16 && !nul)
		return true;
	sheet->row = 1;
	for (const char *p = text; !utf16 && p < nul; p++)
		sheet->row += *p == '\n';
	struct place place = sheet_place(sheet, COLUMN_NONE);
	fault_add(faults, &place,
		  "Shift_JIS か UTF-8 で保存してください (%s: save it as Shift_JIS or UTF-8)",
		  utf16 ? "the file is UTF-16" : "a NUL byte: UTF-16, encrypted or no text");
	return false;
}

static bool decode(struct sheet *sheet, const struct buf *bytes, struct faults *faults)
{
	const char *text = buf_text(bytes);

	sheet->charset = charset_detect(text, bytes->length);
	if (!is_text(sheet, bytes, faults))
		return false;
	sheet->replaced = charset_to_utf8(sheet->charset, text, bytes->length, &sheet->text) > 0 ||
			  strstr(buf_text(&sheet->text), "\xef\xbf\xbd");
	return true;
}

/* header */

/* Steps over blanks, ASCII and full-width: people put them into headers for looks. */
static const char *skip_blanks(const char *p)
{
	static const char wide[] = "　";

	while (*p == ' ' || *p == '\t' || strncmp(p, wide, sizeof wide - 1) == 0)
		p += *p == ' ' || *p == '\t' ? 1 : sizeof wide - 1;
	return p;
}

static bool same_name(const char *a, const char *b)
{
	for (;;) {
		a = skip_blanks(a);
		b = skip_blanks(b);
		if (*a != *b)
			return false;
		if (!*a)
			return true;
		a++;
		b++;
	}
}

static int column_by_name(const struct file_kind *kind, const char *name)
{
	for (size_t i = 0; i < kind->column_count; i++)
		if (same_name(kind->columns[i].name, name))
			return (int)i;
	return COLUMN_NONE;
}

static void place_column(struct sheet *sheet, size_t at, struct faults *faults)
{
	const char *name = sheet->csv.cell[at];
	int column = column_by_name(sheet->kind, name);
	struct place place = sheet_place(sheet, column);
	char room[SHOWN_ROOM];

	if (column == COLUMN_NONE)
		fault_add(
			faults, &place,
			"知らない項目名です: 「%s」 (unknown column in the header; \"tenko export "
			"--templates\" writes a file with the right one)",
			shown(name, room));
	else if (sheet->at[column] >= 0)
		fault_add(faults, &place, "項目名が 2 回あります (the column is there twice)");
	else
		sheet->at[column] = (int)at;
}

static void find_columns(struct sheet *sheet, struct faults *faults)
{
	for (size_t i = 0; i < COLUMNS_MOST; i++)
		sheet->at[i] = -1;
	for (size_t i = 0; i < sheet->csv.count; i++)
		place_column(sheet, i, faults);
	for (size_t i = 0; i < sheet->kind->column_count; i++) {
		struct place place = sheet_place(sheet, (int)i);
		if (sheet->kind->columns[i].flags & NEEDED && sheet->at[i] < 0)
			fault_add(faults, &place,
				  "項目がありません (the header lacks this column)");
	}
	/* A row that starts with # is a comment: no other column may come first. */
	struct place place = sheet_place(sheet, COLUMN_UPDATE);
	if (sheet->at[COLUMN_UPDATE] > 0)
		fault_add(faults, &place, "最初の項目にしてください (must be the first column)");
}

static void read_header(struct sheet *sheet, struct faults *faults)
{
	size_t before = faults->count;
	enum csv_result result = csv_next(&sheet->csv);

	sheet->row = result == CSV_END ? 1 : sheet->csv.line;
	struct place place = sheet_place(sheet, COLUMN_NONE);
	if (result == CSV_END)
		fault_add(faults, &place, "見出し行がありません (empty: not even a header line)");
	else if (result == CSV_FAULT)
		fault_add(faults, &place, "%s", sheet->csv.fault);
	else
		find_columns(sheet, faults);
	sheet->width = sheet->csv.count;
	sheet->first = sheet->csv.at;
	sheet->first_line = sheet->csv.next_line;
	sheet->sound = faults->count == before;
}

bool sheet_read(struct sheet *sheet, enum roster_file file, const char *path, struct faults *faults,
		struct buf *why)
{
	struct buf bytes = {0};

	*sheet = (struct sheet){
		.file = file,
		.kind = &roster_kinds[file],
		.label = strcmp(path, "-") == 0 ? "(standard input)" : path,
	};
	bool done = read_file(path, sheet->label, &bytes, why);
	if (done && decode(sheet, &bytes, faults)) {
		csv_open(&sheet->csv, buf_text(&sheet->text), sheet->text.length, '#');
		read_header(sheet, faults);
	}
	buf_free(&bytes);
	return done;
}

void sheet_rewind(struct sheet *sheet)
{
	sheet->csv.at = sheet->first;
	sheet->csv.next_line = sheet->first_line;
	sheet->unreadable = 0;
}

void sheet_free(struct sheet *sheet)
{
	csv_close(&sheet->csv);
	buf_free(&sheet->text);
}
