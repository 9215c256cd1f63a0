#pragma once

/*
 * One roster file, read whole into memory and gone through row by row, twice: once to check, once
 * to store. Its header says which column is where; blanks round a cell are taken off; comments and
 * empty rows are passed over. Nothing of the file is believed: what is wrong goes to the faults.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/roster/columns.h"
#include "common/roster/faults.h"
#include "common/text/charset.h"
#include "common/text/csv.h"

struct sheet {
	enum roster_file file;
	const struct file_kind *kind;
	const char *label; /* the file's name in messages */
	bool sound;        /* the bytes are text with a header that makes sense */

	/* the row */
	size_t row;                     /* its line in the file */
	int update;                     /* a code that this kind of file has */
	const char *cell[COLUMNS_MOST]; /* by column; NULL where the file has no such column */

	struct buf text; /* UTF-8 */
	enum charset charset;
	bool replaced; /* U+FFFD stands in it for bytes that are no characters */
	struct csv csv;
	int at[COLUMNS_MOST]; /* where a column stands in a row, -1 nowhere */
	size_t width;         /* cells of every row */
	const char *first;    /* behind the header */
	size_t first_line;
	size_t unreadable; /* rows that are no CSV, so far */
};

/*
 * Reads the file; "-" is standard input. False, with a sentence in `why`, where that cannot be
 * done. A file that can be read but makes no sense is not `sound` and has faults.
 */
MUST_USE bool sheet_read(struct sheet *sheet, enum roster_file file, const char *path,
			 struct faults *faults, struct buf *why);
void sheet_free(struct sheet *sheet);

/* Back to before the first row. */
void sheet_rewind(struct sheet *sheet);

/* The next row that has an update code and the right number of cells; false at the end. */
MUST_USE bool sheet_next(struct sheet *sheet, struct faults *faults);

/* A column of the row, for fault_add(). COLUMN_NONE: the row as a whole. */
enum { COLUMN_NONE = -1 };
struct place sheet_place(const struct sheet *sheet, int column);

/*
 * Checks the cells of the row by the rules of their columns: all of them, or the id alone. True
 * where they may be stored.
 */
MUST_USE bool sheet_check_cells(const struct sheet *sheet, bool all, struct faults *faults);

/* The row's update, from the tables. */
const struct update *sheet_update(const struct sheet *sheet);

/* A cell for a message: 40 characters at most, no control characters. Returns `room`. */
enum { SHOWN_ROOM = 200 };
const char *shown(const char *cell, char *room);
