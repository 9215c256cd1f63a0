#pragma once

/* An import under way; for the files of common/roster that do parts of it. */

#include "common/roster/import.h"
#include "common/roster/model.h"
#include "common/roster/sheet.h"

struct importing {
	const struct import_request *request;
	struct import_report *report;
	struct store *store;
	struct model model;
	bool given[ROSTER_FILES];
	struct sheet sheet[ROSTER_FILES];
};

/* The next row that is to be processed; tells of progress. `doing` as in import_request. */
MUST_USE bool import_next(struct importing *import, struct sheet *sheet, const char *doing);

/* A cell of an earlier row. */
struct place import_place(const struct importing *import, enum roster_file file, size_t row,
			  int column);

/* Each file by itself and against the roster: what each entry will be. */
MUST_USE enum store_status check_rows(struct importing *import);

/* What holds between the entries once all files are known. */
MUST_USE enum store_status check_links(struct importing *import);

/* Stores all of it, in a transaction of the caller's. */
MUST_USE enum store_status apply_rows(struct importing *import);
