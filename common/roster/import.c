#include "common/roster/import.h"

#include "common/base/mem.h"
#include "common/roster/importing.h"
#include "common/roster/regions.h"
#include "common/store/bounce.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PROGRESS_ROWS = 4096 };

bool import_next(struct importing *import, enum roster_file file)
{
	const struct import_request *request = import->request;
	struct sheet *sheet = &import->sheet[file];

	while (sheet->sound && sheet_next(sheet, &import->report->faults)) {
		if (!import->storing)
			import->report->count[file][sheet->update]++;
		if (request->progress && ++import->rows % PROGRESS_ROWS == 0)
			request->progress(import->storing ? "storing" : "checking",
					  sheet->kind->word, import->rows, request->progress_arg);
		if (sheet->update != UPDATE_NONE)
			return true;
	}
	return false;
}

bool import_is_blind(const struct importing *import, enum roster_file file)
{
	return import->request->path[file] && !import->sheet[file].sound;
}

struct place import_place(const struct importing *import, enum roster_file file, size_t row,
			  int column)
{
	return (struct place){
		.file = (int)file,
		.label = import->request->path[file] ? import->sheet[file].label : "",
		.row = row,
		.column = roster_kinds[file].columns[column].name,
	};
}

/* All files, so that each that cannot be read is told of. */
static bool read_sheets(struct importing *import)
{
	struct import_report *report = import->report;
	bool all = true;

	for (int i = 0; i < ROSTER_FILES; i++) {
		const char *path = import->request->path[i];
		if (!path)
			continue;
		if (!all)
			buf_char(&report->trouble, '\n');
		if (!sheet_read(&import->sheet[i], (enum roster_file)i, path, &report->faults,
				&report->trouble))
			all = false;
	}
	return all;
}

static void rewind_sheets(struct importing *import)
{
	for (int i = 0; i < ROSTER_FILES; i++)
		if (import->sheet[i].sound)
			sheet_rewind(&import->sheet[i]);
	import->rows = 0;
}

/* "users registered=9 updated=1; contacts registered=9" */
static void describe(const struct import_report *report, struct buf *out)
{
	for (int i = 0; i < ROSTER_FILES; i++) {
		bool named = false;
		for (int code = 1; code < UPDATES_MOST; code++) {
			if (!report->count[i][code])
				continue;
			if (!named)
				buf_format(out, "%s%s", out->length ? "; " : "",
					   roster_kinds[i].word);
			named = true;
			buf_format(out, " %s=%" PRId64, roster_kinds[i].update[code].word,
				   report->count[i][code]);
		}
	}
}

static enum store_status record(struct importing *import)
{
	struct buf detail = {0};

	describe(import->report, &detail);
	enum store_status status = store_audit(import->store, import->request->who,
					       "roster.imported", "roster", buf_text(&detail));
	buf_free(&detail);
	return status;
}

static enum store_status apply(struct importing *import)
{
	int64_t revision;
	enum store_status status = roster_revision(import->store, &revision);

	if (!status && revision != import->model.revision)
		status = STORE_CONFLICT;
	if (!status)
		status = apply_rows(import);
	if (!status)
		status = bad_address_tidy(import->store);
	if (!status)
		status = roster_revise(import->store);
	return status ? status : record(import);
}

static enum import_result store_all(struct importing *import)
{
	import->storing = true;
	rewind_sheets(import);
	enum store_status status = store_begin(import->store);
	if (!status) {
		status = apply(import);
		if (status)
			store_rollback(import->store);
		else
			status = store_commit(import->store);
	}
	import->report->status = status;
	if (status == STORE_CONFLICT)
		return IMPORT_CHANGED;
	return status ? IMPORT_STORE : IMPORT_DONE;
}

static bool needs_regions(const struct importing *import)
{
	const struct sheet *groups = &import->sheet[ROSTER_GROUPS];

	return import->request->path[ROSTER_CONTACTS] || import->request->path[ROSTER_FAMILY] ||
	       (groups->sound && groups->at[GROUP_REGION] >= 0);
}

static enum import_result run(struct importing *import)
{
	struct import_report *report = import->report;
	const struct import_request *request = import->request;

	if (!read_sheets(import))
		return IMPORT_UNREADABLE;
	if (needs_regions(import) && !regions_load(&report->trouble))
		return IMPORT_NO_REGIONS;
	report->status = model_load(&import->model, import->store, request->path[ROSTER_CONTACTS],
				    request->path[ROSTER_FAMILY]);
	if (!report->status)
		report->status = check_rows(import);
	if (!report->status)
		report->status = check_links(import);
	if (report->status)
		return IMPORT_STORE;
	if (report->faults.count) {
		faults_sort(&report->faults);
		return IMPORT_FAULTS;
	}
	return request->check_only ? IMPORT_DONE : store_all(import);
}

enum import_result roster_import(struct store *store, const struct import_request *request,
				 struct import_report *report)
{
	struct importing *import = mem_alloc(sizeof *import);

	*report = (struct import_report){0};
	*import = (struct importing){.request = request, .report = report, .store = store};
	enum import_result result = run(import);
	for (int i = 0; i < ROSTER_FILES; i++)
		sheet_free(&import->sheet[i]);
	model_free(&import->model);
	free(import);
	return result;
}

void import_report_free(struct import_report *report)
{
	faults_free(&report->faults);
	buf_free(&report->trouble);
}
