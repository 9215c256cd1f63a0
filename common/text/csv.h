#pragma once

/*
 * Comma-separated values by RFC 4180: cells in quotes may hold commas, line ends and doubled
 * quotes; lines end with CRLF or LF, the last one perhaps with nothing. Beyond the RFC: blanks
 * may stand round a quoted cell, empty lines are passed over, and so are comments: lines that
 * start with a given character.
 *
 *	csv_open(&csv, text, length, '#');
 *	while ((result = csv_next(&csv)) != CSV_END) ...
 *	csv_close(&csv);
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stddef.h>

enum { CSV_RECORD_MOST = 65536 /* bytes */, CSV_CELLS_MOST = 1024 };

enum csv_result {
	CSV_RECORD,
	CSV_FAULT, /* the record at `line` cannot be read; the next call goes on behind its line
		    */
	CSV_END,
};

struct csv {
	size_t line;  /* where the record begins, from 1 */
	size_t count; /* of cells */
	char **cell;  /* NUL-terminated; the reader's, may be changed, good until the next call
		       */
	const char *fault;

	const char *at, *end; /* the text that is left */
	size_t next_line;
	char *room, *to;
	char comment;
};

/* The text is the caller's and stays. `comment` 0: there are none. */
void csv_open(struct csv *csv, const char *text, size_t length, char comment);
MUST_USE enum csv_result csv_next(struct csv *csv);
void csv_close(struct csv *csv);

/* Appends one cell, in quotes where it needs them. Commas and line ends are the caller's. */
void csv_put(struct buf *out, const char *cell);

/*
 * The same for whoever opens the file with a spreadsheet, which takes a cell that begins with = + - @
 * or a tab or CR for a formula and runs it: a ' before it makes it a text. csv_text() takes that '
 * off again and nothing else, so that every text comes back as it was.
 */
void csv_put_text(struct buf *out, const char *cell);
MUST_USE char *csv_text(char *cell);
