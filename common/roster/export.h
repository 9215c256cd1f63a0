#pragma once

/*
 * Writes the roster back as the files that an import reads: header, comment lines, every row with
 * update code 0 and its delete flag, in order of id. A cell that a spreadsheet would run as a formula
 * gets a ' before it, which the import takes off again (common/text/csv.h). All files show the same moment. Nothing is
 * left behind unless everything could be written.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/roster/columns.h"
#include "common/roster/faults.h"
#include "common/store/store.h"
#include "common/text/charset.h"

enum export_result {
	EXPORT_DONE,
	EXPORT_FAULTS,     /* characters that the charset lacks: report->faults */
	EXPORT_UNWRITABLE, /* report->trouble */
	EXPORT_STORE,      /* report->status, and store_error() */
};

struct export_request {
	const char *path[ROSTER_FILES]; /* NULL: not wanted; "-": standard output, one at most */
	enum charset charset;           /* CP932 or UTF-8 */
	bool as_is;                     /* no mark before what a spreadsheet would run */
	bool templates;                 /* header and comments alone; the store may be NULL */
};

struct export_report {
	int64_t rows[ROSTER_FILES];
	struct faults faults;
	struct buf trouble;
	enum store_status status;
};

MUST_USE enum export_result roster_export(struct store *store, const struct export_request *request,
					  struct export_report *report);
void export_report_free(struct export_report *report);
