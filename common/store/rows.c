#include "common/store/rows.h"

/* An eponymous virtual table (sqlite.org/vtab.html, section 2.1.2): there without being made. */
struct table {
	sqlite3_vtab base;
	const struct rows **current;
};

struct cursor {
	sqlite3_vtab_cursor base;
	const struct rows *rows;
	size_t at;
};

static int connect_table(sqlite3 *db, void *current, int argc, const char *const *argv,
			 sqlite3_vtab **result, char **error)
{
	_Static_assert(ROWS_COLUMNS == 20, "the columns below");
	int code =
		sqlite3_declare_vtab(db, "CREATE TABLE rows(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9,"
					 " c10, c11, c12, c13, c14, c15, c16, c17, c18, c19)");
	struct table *table = code == SQLITE_OK ? sqlite3_malloc64(sizeof *table) : NULL;

	(void)argc, (void)argv, (void)error;
	if (!table)
		return code == SQLITE_OK ? SQLITE_NOMEM : code;
	*table = (struct table){.current = current};
	*result = &table->base;
	return SQLITE_OK;
}

static int disconnect_table(sqlite3_vtab *table)
{
	sqlite3_free(table);
	return SQLITE_OK;
}

/* It is read from its first row to its last, in the outermost loop. */
static int plan_table(sqlite3_vtab *table, sqlite3_index_info *info)
{
	(void)table;
	info->estimatedCost = 1;
	info->estimatedRows = 1;
	return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **result)
{
	struct cursor *cursor = sqlite3_malloc64(sizeof *cursor);

	(void)table;
	if (!cursor)
		return SQLITE_NOMEM;
	*cursor = (struct cursor){0};
	*result = &cursor->base;
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
	sqlite3_free(cursor);
	return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *text, int argc,
		  sqlite3_value **argv)
{
	struct cursor *cursor = (struct cursor *)base;
	const struct table *table = (const struct table *)base->pVtab;

	(void)number, (void)text, (void)argc, (void)argv;
	cursor->rows = *table->current;
	cursor->at = 0;
	return cursor->rows ? SQLITE_OK : SQLITE_MISUSE;
}

static int next(sqlite3_vtab_cursor *base)
{
	struct cursor *cursor = (struct cursor *)base;

	cursor->at++;
	return SQLITE_OK;
}

static int is_at_end(sqlite3_vtab_cursor *base)
{
	const struct cursor *cursor = (const struct cursor *)base;

	return cursor->at >= cursor->rows->count;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int number)
{
	const struct cursor *cursor = (const struct cursor *)base;
	const struct rows *rows = cursor->rows;
	const struct rows_field *field = &rows->fields[number];
	const char *at = (const char *)rows->first + cursor->at * rows->size + field->offset;

	switch (field->kind) {
	case ROWS_BOOL:
		sqlite3_result_int(context, *(const bool *)at);
		break;
	case ROWS_INT:
		sqlite3_result_int(context, *(const int *)at);
		break;
	case ROWS_INT64:
		sqlite3_result_int64(context, *(const int64_t *)at);
		break;
	case ROWS_TEXT:
		sqlite3_result_text(context, *(char *const *)at, -1, SQLITE_STATIC);
		break;
	case ROWS_CHARS:
		sqlite3_result_text(context, at, -1, SQLITE_STATIC);
		break;
	case ROWS_DIGEST:
		sqlite3_result_blob(context, at, DIGEST_BYTES, SQLITE_STATIC);
		break;
	}
	return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *id)
{
	*id = (sqlite3_int64)((struct cursor *)base)->at;
	return SQLITE_OK;
}

int rows_set_up(sqlite3 *db, const struct rows **current)
{
	static const sqlite3_module module = {
		.xConnect = connect_table,
		.xDisconnect = disconnect_table,
		.xBestIndex = plan_table,
		.xOpen = open_cursor,
		.xClose = close_cursor,
		.xFilter = filter,
		.xNext = next,
		.xEof = is_at_end,
		.xColumn = column,
		.xRowid = rowid,
	};

	return sqlite3_create_module(db, "rows", &module, current);
}
