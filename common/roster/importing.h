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
	struct sheet sheet[ROSTER_FILES]; /* .kind NULL: not given */
	bool storing;                     /* all is checked; this is the second time through */
	size_t rows;                      /* gone through, for the progress */
};

/*
 * The next row of the file that asks for something; false at its end, or where it is not given or
 * makes no sense. Counts the rows by update code and tells of progress.
 */
MUST_USE bool import_next(struct importing *import, enum roster_file file);

/*
 * Whether the file is given but makes no sense: what it would have added is not known, and nobody
 * is blamed for naming it.
 */
MUST_USE bool import_is_blind(const struct importing *import, enum roster_file file);

/* A cell of an earlier row. */
struct place import_place(const struct importing *import, enum roster_file file, size_t row,
			  int column);

/*
 * Judges the row's update for the entry and notes what the entry will be. Where it is refused the
 * entry is noted all the same, so that other rows that name it are not blamed for it.
 */
void check_move(const struct sheet *sheet, struct entry *entry, struct faults *faults);

/* False, told of, where an earlier row has the id. */
MUST_USE bool check_once(const struct sheet *sheet, size_t earlier, struct faults *faults);

/* A row of the family file, once people are known and stored. */
MUST_USE enum store_status check_family(struct importing *import, const struct sheet *sheet);
MUST_USE enum store_status apply_family(struct importing *import, const struct sheet *sheet);

/* Each file by itself and against the roster: what each entry will be. */
MUST_USE enum store_status check_rows(struct importing *import);

/* What holds between the entries once all files are known. */
MUST_USE enum store_status check_links(struct importing *import);

/* Stores all of it, in a transaction of the caller's. */
MUST_USE enum store_status apply_rows(struct importing *import);
