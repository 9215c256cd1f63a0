#include "common/store/device.h"

#include "common/store/stmt.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static enum store_status drop_oldest(struct store *store, int64_t person)
{
	return stmt_run(store, stmt(store,
				    "DELETE FROM device WHERE person_id=?1 AND id NOT IN"
				    " (SELECT id FROM device WHERE person_id=?1"
				    " ORDER BY created_at DESC, id DESC LIMIT ?2)",
				    "ii", person, (int64_t)DEVICES_MOST));
}

enum store_status device_put(struct store *store, int64_t person, struct device *device)
{
	sqlite3_stmt *s = stmt(
		store,
		"INSERT INTO device(person_id, kind, endpoint, p256dh, auth, label, created_at)"
		" VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(endpoint) DO UPDATE SET"
		" person_id=excluded.person_id, kind=excluded.kind, p256dh=excluded.p256dh,"
		" auth=excluded.auth, label=excluded.label, created_at=excluded.created_at"
		" RETURNING id",
		"iissssi", person, (int64_t)device->kind, device->endpoint, device->p256dh,
		device->auth, device->label, device->created_at);
	enum store_status status = stmt_number(store, s, 0, &device->id);

	return status ? status : drop_oldest(store, person);
}

enum store_status device_remove(struct store *store, int64_t person, int64_t id)
{
	enum store_status status =
		stmt_run(store, stmt(store, "DELETE FROM device WHERE id=? AND person_id=?", "ii",
				     id, person));

	if (!status && stmt_changes(store) == 0)
		return STORE_NONE;
	return status;
}

enum store_status device_record(struct store *store, const char *who, const char *action,
				int64_t person, int64_t device)
{
	char subject[48], detail[48];

	snprintf(subject, sizeof subject, "person=%" PRId64, person);
	snprintf(detail, sizeof detail, "device=%" PRId64, device);
	return store_audit(store, who, action, subject, detail);
}

enum store_status device_each(struct store *store, int64_t person,
			      void (*see)(const struct device *device, void *arg), void *arg)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT id, kind, endpoint, p256dh, auth, label, created_at"
			       " FROM device WHERE person_id=? ORDER BY id",
			       "i", person);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK)
		see(&(struct device){.id = sqlite3_column_int64(s, 0),
				     .kind = (enum device_kind)sqlite3_column_int(s, 1),
				     .endpoint = stmt_text(s, 2),
				     .p256dh = stmt_text(s, 3),
				     .auth = stmt_text(s, 4),
				     .label = stmt_text(s, 5),
				     .created_at = sqlite3_column_int64(s, 6)},
		    arg);
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

/* for jobs */

struct addresses {
	json_t *job;
	struct buf *names;
};

static void add_address(const struct device *device, void *arg)
{
	struct addresses *a = arg;

	json_array_append_new(
		a->job, json_pack("{s:I, s:s, s:s, s:s, s:s}", "id", (json_int_t)device->id, "kind",
				  device_kind_name(device->kind), "endpoint", device->endpoint,
				  "p256dh", device->p256dh, "auth", device->auth));
	buf_format(a->names, "%s%" PRId64, a->names->length ? " " : "devices ", device->id);
}

enum store_status device_addresses(struct store *store, int64_t person, struct buf *job,
				   struct buf *names)
{
	struct addresses a = {.job = json_array(), .names = names};
	enum store_status status = device_each(store, person, add_address, &a);
	char *text = NULL;

	if (!status && names->length) {
		text = json_dumps(a.job, JSON_COMPACT);
		if (!text)
			abort(); /* out of memory */
		buf_text_add(job, text);
	}
	free(text);
	json_decref(a.job);
	return status;
}
