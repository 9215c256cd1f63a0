#pragma once

/*
 * Many rows in one statement, for the files of common/store alone. To start a statement costs more
 * than the row that it stores, so an array of structs can be read by a statement as the table
 * `rows`, with fields of the structs as its columns c0, c1, ... in the order in which they are named:
 *
 *	static const struct rows_field fields[] = {
 *		ROWS_FIELD(struct device, id),
 *		ROWS_FIELD(struct device, label),
 *	};
 *	return rows_run(store, "INSERT INTO device(id, label) SELECT c0, c1 FROM rows",
 *			&(struct rows){list, sizeof *list, count, fields});
 *
 * Its rowid is the index, from 0. One array at a time can be read.
 */

#include "common/base/digest.h"
#include "common/store/stmt.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ROWS_COLUMNS = 20 };

enum rows_kind {
	ROWS_BOOL,
	ROWS_INT,
	ROWS_INT64,
	ROWS_TEXT,   /* NULL is NULL */
	ROWS_CHARS,  /* the text stands in the struct itself */
	ROWS_DIGEST, /* so do the DIGEST_BYTES of a blob */
};

struct rows_field {
	enum rows_kind kind;
	size_t offset;
};

/* Not defined anywhere: a field is asked for its type alone. */
extern void *const rows_none;

/* An enum is an int here, as its values are never negative. */
#define ROWS_FIELD(type, field)                        \
	{                                              \
		_Generic(((type *)rows_none)->field,   \
			 bool: ROWS_BOOL,              \
			 int: ROWS_INT,                \
			 unsigned: ROWS_INT,           \
			 int64_t: ROWS_INT64,          \
			 char *: ROWS_TEXT,            \
			 const char *: ROWS_TEXT),     \
			offsetof(type, field)          \
	}
#define ROWS_CHARS_FIELD(type, field)  {ROWS_CHARS, offsetof(type, field)}
#define ROWS_DIGEST_FIELD(type, field) {ROWS_DIGEST, offsetof(type, field)}

struct rows {
	const void *first;
	size_t size; /* from one to the next */
	size_t count;
	const struct rows_field *fields; /* one for each column that the statement reads */
};

/* Runs a statement without other parameters that gives no rows. */
MUST_USE enum store_status rows_run(struct store *store, const char *literal,
				    const struct rows *rows);

/*
 * The statement, for stmt_row() and stmt_end(); `rows` is kept until stmt_end(). NULL as stmt() has
 * it.
 */
MUST_USE sqlite3_stmt *rows_stmt(struct store *store, const char *literal, const struct rows *rows);

/* For store.c: makes the table known to a connection; *current is what it reads. */
MUST_USE int rows_set_up(sqlite3 *db, const struct rows **current);
