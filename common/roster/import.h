#pragma once

/*
 * Takes roster files into the store. The files are read whole, checked each for itself, against
 * each other and against the roster as it stands; only when nothing at all is wrong is everything
 * stored, in one transaction. The store is not locked while files are read and checked.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/roster/columns.h"
#include "common/roster/faults.h"
#include "common/roster/telephone.h"
#include "common/store/store.h"

enum import_result {
	IMPORT_DONE,
	IMPORT_FAULTS,     /* what is wrong is in report->faults; nothing was changed */
	IMPORT_UNREADABLE, /* a file cannot be read: report->trouble */
	IMPORT_NO_REGIONS, /* the region tables cannot be read: report->trouble */
	IMPORT_CHANGED,    /* the roster was changed by somebody else meanwhile: try again */
	IMPORT_STORE,      /* report->status, and store_error() */
};

struct import_request {
	const char *path[ROSTER_FILES]; /* NULL: not given; "-": standard input */
	int64_t group_limit;            /* people in a group at most */
	struct telephone_rules telephones;
	bool check_only;
	const char *who; /* for the audit record */
	/* Called now and then; may be NULL. `doing`: "checking" or "storing". */
	void (*progress)(const char *doing, const char *file, size_t rows, void *arg);
	void *progress_arg;
};

struct import_report {
	int64_t count[ROSTER_FILES][UPDATES_MOST]; /* rows by update code */
	struct faults faults;
	struct buf trouble;
	enum store_status status;
};

MUST_USE enum import_result roster_import(struct store *store, const struct import_request *request,
					  struct import_report *report);
void import_report_free(struct import_report *report);
