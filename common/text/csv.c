#include "common/text/csv.h"

#include "common/base/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void csv_open(struct csv *csv, const char *text, size_t length, char comment)
{
	*csv = (struct csv){
		.at = text,
		.end = text + length,
		.next_line = 1,
		.comment = comment,
		.cell = mem_array(CSV_CELLS_MOST, sizeof(char *)),
		/* No cell grows; each separator leaves room for the NUL behind a cell. */
		.room = mem_alloc(CSV_RECORD_MOST + 2),
	};
}

void csv_close(struct csv *csv)
{
	free(csv->cell);
	free(csv->room);
	*csv = (struct csv){0};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at;
}

/* Bytes of the line end at `at`, 0 where there is none. The end of the text is not one. */
static size_t line_end(const char *at, const char *end)
{
	if (at < end && *at == '\n')
		return 1;
	return end - at > 1 && at[0] == '\r' && at[1] == '\n' ? 2 : 0;
}

static void skip_line(struct csv *csv)
{
	const char *newline = memchr(csv->at, '\n', (size_t)(csv->end - csv->at));

	csv->at = newline ? newline + 1 : csv->end;
	csv->next_line++;
}

/* To the first line that holds a record. False: there is none. */
static bool find_record(struct csv *csv)
{
	while (csv->at < csv->end) {
		const char *first = skip_blanks(csv->at, csv->end);
		bool empty = first == csv->end || line_end(first, csv->end);
		bool comment = csv->comment && first < csv->end && *first == csv->comment;
		if (!empty && !comment)
			return true;
		skip_line(csv);
	}
	return false;
}

static bool refuse(struct csv *csv, const char *fault)
{
	csv->fault = fault;
	return false;
}

static bool take(struct csv *csv, const char *bytes, size_t length)
{
	if (length > (size_t)(csv->room + CSV_RECORD_MOST - csv->to))
		return refuse(csv, "1 行が長すぎます (the record is longer than 65536 bytes)");
	memcpy(csv->to, bytes, length);
	csv->to += length;
	return true;
}

static bool read_plain(struct csv *csv)
{
	const char *at = csv->at;

	for (; at < csv->end && *at != ',' && !line_end(at, csv->end); at++) {
		if (*at == '"')
			return refuse(csv, "\" の使い方が正しくありません (a quote within a cell: "
					   "put the cell in quotes and double the quote)");
		if (*at == '\r' && at + 1 < csv->end)
			return refuse(csv, "改行が正しくありません (a carriage return without a "
					   "line feed)");
		if (*at == '\0')
			return refuse(csv, "NUL バイトがあります (a NUL byte: not a text file)");
	}
	const char *from = csv->at;
	csv->at = at;
	/* A carriage return may stand alone as the last byte of a cut-off file. */
	if (at == csv->end && at > from && at[-1] == '\r')
		at--;
	return take(csv, from, (size_t)(at - from));
}

/* Up to the closing quote; csv->at is behind it then. */
static bool read_quoted_text(struct csv *csv)
{
	for (;;) {
		const char *quote = memchr(csv->at, '"', (size_t)(csv->end - csv->at));
		if (!quote || quote - csv->at > CSV_RECORD_MOST)
			return refuse(csv, "\" が閉じていません (a quote that is not closed)");
		for (const char *p = csv->at; p < quote; p++) {
			csv->next_line += *p == '\n';
			if (*p == '\0')
				return refuse(csv,
					      "NUL バイトがあります (a NUL byte: not a text file)");
		}
		bool doubled = quote + 1 < csv->end && quote[1] == '"';
		if (!take(csv, csv->at, (size_t)(quote - csv->at) + doubled))
			return false;
		csv->at = quote + 1 + doubled;
		if (!doubled)
			return true;
	}
}

static bool read_cell(struct csv *csv)
{
	const char *first = skip_blanks(csv->at, csv->end);

	if (first == csv->end || *first != '"')
		return read_plain(csv);
	csv->at = first + 1;
	if (!read_quoted_text(csv))
		return false;
	csv->at = skip_blanks(csv->at, csv->end);
	bool ends = csv->at == csv->end || *csv->at == ',' || line_end(csv->at, csv->end);
	return ends || refuse(csv, "\" の後に文字があります (text behind a closing quote)");
}

static bool read_record(struct csv *csv)
{
	csv->count = 0;
	csv->to = csv->room;
	for (;;) {
		if (csv->count == CSV_CELLS_MOST)
			return refuse(csv, "列が多すぎます (more than 1024 columns)");
		csv->cell[csv->count++] = csv->to;
		if (!read_cell(csv) || !take(csv, "", 1))
			return false;
		if (csv->at == csv->end || *csv->at != ',')
			break;
		csv->at++;
	}
	csv->at += line_end(csv->at, csv->end);
	csv->next_line++;
	return true;
}

enum csv_result csv_next(struct csv *csv)
{
	if (!find_record(csv))
		return CSV_END;

	const char *start = csv->at;
	csv->line = csv->next_line;
	if (read_record(csv))
		return CSV_RECORD;
	csv->at = start;
	csv->next_line = csv->line;
	skip_line(csv);
	return CSV_FAULT;
}

void csv_put(struct buf *out, const char *cell)
{
	size_t length = strlen(cell);
	bool blank_edge = length && (is_blank(cell[0]) || is_blank(cell[length - 1]));

	if (!blank_edge && !strpbrk(cell, ",\"\r\n")) {
		buf_add(out, cell, length);
		return;
	}
	buf_char(out, '"');
	for (; *cell; cell++) {
		if (*cell == '"')
			buf_char(out, '"');
		buf_char(out, *cell);
	}
	buf_char(out, '"');
}

/* Also where it has marks already, so that these are known from ours. */
static bool needs_mark(const char *cell)
{
	cell += strspn(cell, "'");
	return *cell && strchr("=+-@\t\r", *cell);
}

void csv_put_text(struct buf *out, const char *cell)
{
	struct buf marked = {0};

	if (!needs_mark(cell)) {
		csv_put(out, cell);
		return;
	}
	buf_format(&marked, "'%s", cell);
	csv_put(out, buf_text(&marked));
	buf_free(&marked);
}

char *csv_text(char *cell)
{
	return *cell == '\'' && needs_mark(cell + 1) ? cell + 1 : cell;
}
