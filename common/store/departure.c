#include "common/store/departure.h"

#include "common/base/mem.h"
#include "common/store/device.h"
#include "common/store/family.h"
#include "common/store/rows.h"

#include <stdlib.h>

/* loading */

static enum store_status load_family(struct store *store, struct departure *d)
{
	struct family family = {0};
	int nth = d->attempt.address_position;
	enum store_status status = family_load(store, -d->delivery.person, &family);

	if (status)
		return status == STORE_NONE ? STORE_OK : status;
	d->recipient.name = mem_string(family.name);
	d->recipient.language = family.language;
	if (family.mail[nth - 1][0])
		d->attempt.address = mem_string(family.mail[nth - 1]);
	return STORE_OK;
}

static enum store_status load_devices(struct store *store, struct departure *d)
{
	struct buf job = {0}, kept = {0};
	enum store_status status = device_addresses(store, d->delivery.person, &job, &kept);

	if (!status && kept.length) {
		d->recipient.devices = buf_take(&job);
		d->attempt.address = buf_take(&kept);
	}
	buf_free(&job);
	buf_free(&kept);
	return status;
}

static const struct rows_field wanted_fields[] = {
	ROWS_FIELD(struct departure, delivery.person),
	ROWS_FIELD(struct departure, attempt.channel),
	ROWS_FIELD(struct departure, attempt.dial_order),
};

/* A row for each contact at the dial order, as the table has them: by position. */
static const char people_sql[] =
	"SELECT r.rowid, p.name, p.language, iif(r.c1 = 2, c.number, c.address)"
	" FROM rows r CROSS JOIN person p ON p.id = r.c0"
	" LEFT JOIN contact c ON c.person_id = r.c0 AND c.spare = 0 AND c.channel = r.c1"
	" AND c.dial_order = r.c2";

/* Of push the contact only says that the person has that step at all. */
static enum store_status load_people(struct store *store, struct departure *list, size_t count)
{
	const struct rows rows = {list, sizeof *list, count, wanted_fields};
	sqlite3_stmt *s = rows_stmt(store, people_sql, &rows);
	struct departure *d = NULL;
	enum store_status status;
	int nth = 0;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		struct departure *next = &list[sqlite3_column_int64(s, 0)];
		nth = next == d ? nth + 1 : 1;
		d = next;
		if (nth == 1) {
			d->recipient.name = mem_string(stmt_text(s, 1));
			d->recipient.language =
				sqlite3_column_int(s, 2) ? LANGUAGE_EN : LANGUAGE_JA;
		}
		if (nth == d->attempt.address_position && sqlite3_column_type(s, 3) != SQLITE_NULL)
			d->attempt.address = mem_string(stmt_text(s, 3));
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status departures_load(struct store *store, struct departure *list, size_t count)
{
	enum store_status status;

	for (size_t i = 0; i < count; i++) {
		list[i].recipient = (struct recipient){0};
		list[i].attempt.address = NULL;
	}
	status = load_people(store, list, count);
	for (size_t i = 0; !status && i < count; i++) {
		struct departure *d = &list[i];
		if (d->delivery.person < 0) {
			status = load_family(store, d);
		} else if (d->attempt.channel == CHANNEL_PUSH && d->attempt.address) {
			free(d->attempt.address);
			d->attempt.address = NULL;
			status = load_devices(store, d);
		}
	}
	return status;
}

void departures_free(struct departure *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		recipient_free(&list[i].recipient);
		free(list[i].attempt.address);
		list[i].attempt.address = NULL;
	}
}

/* storing */

static const struct rows_field attempt_fields[] = {
	ROWS_FIELD(struct departure, attempt.id),
	ROWS_FIELD(struct departure, attempt.delivery),
	ROWS_FIELD(struct departure, attempt.channel),
	ROWS_FIELD(struct departure, attempt.lane),
	ROWS_FIELD(struct departure, attempt.dial_order),
	ROWS_FIELD(struct departure, attempt.position),
	ROWS_FIELD(struct departure, attempt.address_position),
	ROWS_FIELD(struct departure, attempt.round),
	ROWS_FIELD(struct departure, attempt.attempt_no),
	ROWS_FIELD(struct departure, attempt.address),
	ROWS_FIELD(struct departure, attempt.created_at),
	ROWS_FIELD(struct departure, attempt.call),
};

static const struct rows_field changed_fields[] = {
	ROWS_FIELD(struct departure, delivery.id),
	ROWS_FIELD(struct departure, delivery.state),
	ROWS_FIELD(struct departure, delivery.attempt),
	ROWS_FIELD(struct departure, delivery.reply),
};

enum store_status departures_store(struct store *store, const struct departure *list, size_t count,
				   bool fresh)
{
	const struct rows attempts = {list, sizeof *list, count, attempt_fields};
	const struct rows changed = {list, sizeof *list, count, changed_fields};
	enum store_status status =
		rows_run(store,
			 "INSERT INTO attempt(id, delivery_id, channel, lane, dial_order, position,"
			 " address_position, round, try, address, created_at, call_attempt_id)"
			 " SELECT c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, nullif(c11, 0)"
			 " FROM rows",
			 &attempts);

	if (status)
		return status;
	if (fresh)
		return delivery_insert_many(store, &list->delivery, sizeof *list, count);
	return rows_run(store,
			"UPDATE delivery SET state = r.c1, attempt_id = r.c2,"
			" reply_id = nullif(r.c3, 0) FROM rows r WHERE id = r.c0",
			&changed);
}
