#include "common/roster/export.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/roster/outfile.h"
#include "common/roster/sheet.h"
#include "common/store/family.h"
#include "common/store/roster.h"
#include "common/text/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
	const struct export_request *request;
	struct export_report *report;
	enum roster_file file;
	size_t columns; /* that are written */
	struct outfile out;
	size_t line;     /* of the row being written, from 1 */
	const char *id;  /* what the row is about */
	struct buf text; /* one cell, UTF-8 */
	struct buf row;  /* in the file's charset */
};

struct exporting {
	const struct export_request *request;
	struct export_report *report;
	struct store *store;
	struct writer writer[ROSTER_FILES];
};

/* rows */

static void report_missing(struct writer *w, int column, uint32_t character, const char *cell)
{
	struct place place = {
		.file = (int)w->file,
		.label = w->request->path[w->file],
		.row = w->line,
		.column = column < 0 ? "" : roster_kinds[w->file].columns[column].name,
	};
	size_t at = 0, left = strlen(cell), size;
	uint32_t c = 0;

	while ((size = utf8_decode(cell + at, left - at, &c)) && c != character)
		at += size;
	fault_add(&w->report->faults, &place,
		  "Shift_JIS (CP932) で表せない文字です: 「%.*s」 U+%04X, %s (a character that "
		  "Shift_JIS (CP932) lacks; --utf8 writes it)",
		  (int)size, cell + at, character, w->id);
}

static void put_text(struct writer *w, int column, const char *text)
{
	uint32_t missing;

	if (w->request->charset == CHARSET_UTF8)
		buf_text_add(&w->row, text);
	else if (!charset_to_cp932(text, &w->row, &missing))
		report_missing(w, column, missing, text);
}

static void end_row(struct writer *w)
{
	buf_text_add(&w->row, "\r\n");
	/* A failure stays with the stream and is found when it is settled. */
	fwrite(w->row.data, 1, w->row.length, w->out.file);
	for (const char *p = w->row.data;
	     (p = memchr(p, '\n', w->row.length - (size_t)(p - w->row.data))); p++)
		w->line++;
	buf_clear(&w->row);
}

static void put_row(struct writer *w, const char *const *cells)
{
	void (*put)(struct buf * out, const char *cell) =
		w->request->as_is ? csv_put : csv_put_text;

	w->id = cells[COLUMN_ID];
	for (size_t i = 0; i < w->columns; i++) {
		buf_clear(&w->text);
		put(&w->text, cells[i] ? cells[i] : "");
		if (i)
			buf_char(&w->row, ',');
		put_text(w, (int)i, buf_text(&w->text));
	}
	end_row(w);
	w->report->rows[w->file]++;
}

static void put_heading(struct writer *w)
{
	const struct file_kind *kind = &roster_kinds[w->file];

	w->line = 1;
	w->id = "";
	for (size_t i = 0; i < w->columns; i++) {
		if (i)
			buf_char(&w->row, ',');
		put_text(w, (int)i, kind->columns[i].name);
	}
	end_row(w);
	for (size_t i = 0; kind->comments[i]; i++) {
		put_text(w, COLUMN_NONE, kind->comments[i]);
		end_row(w);
	}
}

/* A small number as text; empty for what was not stored by us. */
static const char *digit(int number)
{
	static const char *const digits[] = {"0", "1", "2", "3", "4"};
	return number >= 0 && number < (int)LENGTH(digits) ? digits[number] : "";
}

static void put_pattern(const struct roster_pattern *pattern, void *arg)
{
	const char *cells[PATTERN_COLUMNS] = {
		[COLUMN_UPDATE] = digit(UPDATE_NONE),
		[COLUMN_ID] = pattern->code,
		[PATTERN_NAME] = pattern->name,
		[PATTERN_BREAKS] = pattern->breaks,
		[PATTERN_WORK] = pattern->work_minutes,
		[PATTERN_MORNING] = pattern->morning_minutes,
		[PATTERN_END] = pattern->auto_end,
		[PATTERN_DELETED] = digit(pattern->deleted),
	};
	put_row(arg, cells);
}

static void put_group(const struct roster_group *group, void *arg)
{
	const char *cells[GROUP_COLUMNS] = {
		[COLUMN_UPDATE] = digit(UPDATE_NONE),
		[COLUMN_ID] = group->code,
		[GROUP_NAME] = group->name,
		[GROUP_APPROVERS] = group->approvers,
		[GROUP_UPPER] = group->upper_approvers,
		[GROUP_PARENT] = group->parent_code,
		[GROUP_DELETED] = digit(group->deleted),
		[GROUP_REGION] = group->region,
	};
	put_row(arg, cells);
}

static void put_person(const struct roster_person *person, void *arg)
{
	const char *cells[USER_COLUMNS] = {
		[COLUMN_UPDATE] = digit(UPDATE_NONE),
		[COLUMN_ID] = person->code,
		[USER_NUMBER] = person->employee_number,
		[USER_NAME] = person->name,
		[USER_KANA] = person->kana,
		[USER_GROUP] = person->group_code,
		[USER_ADMIN] = person->admin,
		[USER_DASHBOARD] = person->division[0],
		[USER_SEARCH] = person->division[1],
		[USER_MAIL] = person->email,
		[USER_PATTERN] = person->pattern_code,
		[USER_DELETED] = digit((int)person->state),
	};

	for (int i = 2; i < ROSTER_DIVISIONS; i++)
		cells[USER_START_APPROVAL + i - 2] = person->division[i];
	put_row(arg, cells);
}

static const char *order_text(int order)
{
	return order ? digit(order) : "";
}

static void put_card(const char *code, const struct roster_card *card, void *arg)
{
	const char *cells[CONTACT_COLUMNS] = {
		[COLUMN_UPDATE] = digit(UPDATE_NONE),
		[COLUMN_ID] = code,
		[CONTACT_LANGUAGE] = language_name(card->language),
		[CONTACT_MAIL_ORDER] = order_text(card->mail_order),
		[CONTACT_SPARE_MAIL] = card->spare_mail,
		[CONTACT_SPARE_TELEPHONE] = card->spare_telephone,
		[CONTACT_PUSH_ORDER] = order_text(card->push_order),
		[CONTACT_VOICE_ID] = card->voice_id, /* a PIN is never written */
	};

	for (int i = 0; i < PLAN_ADDRESSES; i++) {
		cells[CONTACT_MAIL + i] = card->mail[i];
		cells[CONTACT_TELEPHONE + i] = card->telephone[i];
		cells[CONTACT_TELEPHONE_ORDER + i] = order_text(card->telephone_order[i]);
	}
	for (int i = 0; i < CARD_REGIONS; i++)
		cells[CONTACT_REGION + i] = card->region[i];
	put_row(arg, cells);
}

static void put_family(const char *user, const struct family *family, void *arg)
{
	const char *cells[FAMILY_COLUMNS] = {
		[COLUMN_UPDATE] = digit(UPDATE_NONE),
		[COLUMN_ID] = family->code,
		[FAMILY_USER] = user,
		[FAMILY_NAME] = family->name,
		[FAMILY_KANA] = family->kana,
		[FAMILY_LANGUAGE] = language_name(family->language),
		[FAMILY_REGION] = family->region,
		[FAMILY_CITY] = family->city,
		[FAMILY_STREET] = family->street,
		[FAMILY_TEL] = family->telephone,
	};

	for (int i = 0; i < PLAN_ADDRESSES; i++)
		cells[FAMILY_MAIL1 + i] = family->mail[i];
	put_row(arg, cells);
}

/* files */

static enum store_status put_rows(struct exporting *export, struct writer *w)
{
	switch (w->file) {
	case ROSTER_GROUPS:
		return roster_each_group(export->store, put_group, w);
	case ROSTER_USERS:
		return roster_each_person(export->store, put_person, w);
	case ROSTER_PATTERNS:
		return roster_each_pattern(export->store, put_pattern, w);
	case ROSTER_CONTACTS:
		return roster_each_card(export->store, put_card, w);
	case ROSTER_FAMILY:
		return family_each(export->store, 0, put_family, w);
	case ROSTER_FILES:
		break;
	}
	return STORE_ERROR;
}

/* Without its extra columns, but for those up to the last that somebody has something in. */
static enum store_status choose_columns(struct exporting *export, struct writer *w)
{
	const struct file_kind *kind = &roster_kinds[w->file];
	bool push = false, voice = false, region = false;
	enum store_status status = STORE_OK;

	if (w->file == ROSTER_CONTACTS && !export->request->templates) {
		status = roster_any_push(export->store, &push);
		if (!status)
			status = roster_any_voice_id(export->store, &voice);
	}
	if (w->file == ROSTER_GROUPS && !export->request->templates)
		status = roster_any_group_region(export->store, &region);
	w->columns = kind->column_count;
	while (kind->columns[w->columns - 1].flags & EXTRA)
		w->columns--;
	if (region)
		w->columns = GROUP_REGION + 1;
	if (push)
		w->columns = CONTACT_PUSH_ORDER + 1;
	if (voice)
		w->columns = CONTACT_VOICE_ID + 1;
	return status;
}

static enum store_status put_files(struct exporting *export)
{
	bool rows = !export->request->templates;
	enum store_status status = rows ? roster_read_begin(export->store) : STORE_OK;

	for (int i = 0; !status && i < ROSTER_FILES; i++) {
		if (!export->writer[i].out.file)
			continue;
		status = choose_columns(export, &export->writer[i]);
		if (!status)
			put_heading(&export->writer[i]);
		if (!status && rows)
			status = put_rows(export, &export->writer[i]);
	}
	if (rows)
		store_rollback(export->store);
	return status;
}

static bool open_files(struct exporting *export)
{
	for (int i = 0; i < ROSTER_FILES; i++) {
		struct writer *w = &export->writer[i];
		*w = (struct writer){
			.request = export->request,
			.report = export->report,
			.file = (enum roster_file)i,
		};
		if (export->request->path[i] &&
		    !outfile_open(&w->out, export->request->path[i], &export->report->trouble))
			return false;
	}
	return true;
}

/* Every file to the disk before the first is put in its place. */
static bool finish_files(struct exporting *export)
{
	bool done = true;

	for (int i = 0; done && i < ROSTER_FILES; i++)
		if (export->writer[i].out.file)
			done = outfile_settle(&export->writer[i].out, &export->report->trouble);
	for (int i = 0; done && i < ROSTER_FILES; i++)
		if (export->writer[i].out.file)
			done = outfile_publish(&export->writer[i].out, &export->report->trouble);
	return done;
}

static enum export_result run(struct exporting *export)
{
	struct export_report *report = export->report;

	if (!open_files(export))
		return EXPORT_UNWRITABLE;
	report->status = put_files(export);
	if (report->status)
		return EXPORT_STORE;
	if (report->faults.count) {
		faults_sort(&report->faults);
		return EXPORT_FAULTS;
	}
	return finish_files(export) ? EXPORT_DONE : EXPORT_UNWRITABLE;
}

enum export_result roster_export(struct store *store, const struct export_request *request,
				 struct export_report *report)
{
	struct exporting *export = mem_alloc(sizeof *export);

	*report = (struct export_report){0};
	*export = (struct exporting){.request = request, .report = report, .store = store};
	enum export_result result = run(export);
	for (int i = 0; i < ROSTER_FILES; i++) {
		outfile_close(&export->writer[i].out);
		buf_free(&export->writer[i].text);
		buf_free(&export->writer[i].row);
	}
	free(export);
	return result;
}

void export_report_free(struct export_report *report)
{
	faults_free(&report->faults);
	buf_free(&report->trouble);
}
