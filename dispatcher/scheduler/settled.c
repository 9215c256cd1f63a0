#include "dispatcher/scheduler/settled.h"

#include <string.h>

#define KEPT "settings" /* in the store's small values: lines "section.key=value" */

static void add_line(const struct setting_view *view, void *arg)
{
	struct buf *lines = arg;

	buf_format(lines, "%s.%s=", view->section, view->key);
	for (const char *p = view->value; *p; p++)
		buf_char(lines, *p == '\n' ? ' ' : *p);
	buf_char(lines, '\n');
}

static bool has_line(const char *lines, const char *line, size_t length)
{
	while (*lines) {
		if (strncmp(lines, line, length) == 0)
			return true;
		lines += strcspn(lines, "\n");
		lines += *lines == '\n';
	}
	return false;
}

/* Names of the lines in `now` that are not in `before`. */
static void name_changes(const char *before, const char *now, struct buf *names)
{
	while (*now) {
		size_t length = strcspn(now, "\n") + 1;
		if (!has_line(before, now, length)) {
			if (names->length)
				buf_char(names, ' ');
			buf_add(names, now, strcspn(now, "="));
		}
		now += length;
	}
}

static enum store_status record(struct scheduler *s, const char *now)
{
	struct buf before = {0}, names = {0};
	enum store_status status = store_meta_get(s->store, KEPT, &before);

	if (status == STORE_NONE) {
		buf_text_add(&names, "all");
		status = STORE_OK;
	} else if (!status) {
		name_changes(buf_text(&before), now, &names);
	}
	if (!status && names.length)
		status = store_audit(s->store, "scheduler", "settings.changed", "settings",
				     buf_text(&names));
	if (!status && names.length)
		status = store_meta_set(s->store, KEPT, now);
	buf_free(&before);
	buf_free(&names);
	return status;
}

enum store_status settled_record(struct scheduler *s)
{
	struct buf lines = {0};
	enum store_status status = store_begin(s->store);

	settings_each(s->settings, 0, add_line, &lines);
	if (!status)
		status = record(s, buf_text(&lines));
	if (!status)
		status = store_commit(s->store);
	else
		store_rollback(s->store);
	buf_free(&lines);
	return status;
}
