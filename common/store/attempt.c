#include "common/store/delivery.h"

#include "common/base/mem.h"
#include "common/store/device.h"
#include "common/store/recorded.h"
#include "common/store/stmt.h"

#include <stdio.h>
#include <stdlib.h>

enum store_status attempt_insert(struct store *store, struct attempt *a)
{
	sqlite3_stmt *s =
		stmt(store,
		     "INSERT INTO attempt(delivery_id, channel, lane, dial_order, position,"
		     " address_position, round, try, address, created_at, call_attempt_id)"
		     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0))",
		     "iiiiiiiikii", a->delivery, (int64_t)a->channel, (int64_t)a->lane,
		     (int64_t)a->dial_order, (int64_t)a->position, (int64_t)a->address_position,
		     (int64_t)a->round, (int64_t)a->attempt_no, a->address, a->created_at, a->call);
	enum store_status status = stmt_run(store, s);

	a->id = stmt_last_id(store);
	return status;
}

enum store_status attempt_find(struct store *store, int64_t id, struct attempt_state *state)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT delivery_id, channel, outcome IS NULL,"
			       " expected_by IS NOT NULL, looked, ifnull(call_attempt_id, 0),"
			       " created_at, reference FROM attempt WHERE id=?",
			       "i", id);
	enum store_status status = stmt_row(store, s);

	if (!status) {
		*state = (struct attempt_state){
			.id = id,
			.delivery = sqlite3_column_int64(s, 0),
			.channel = (enum channel)sqlite3_column_int(s, 1),
			.open = sqlite3_column_int(s, 2),
			.placed = sqlite3_column_int(s, 3),
			.looked = sqlite3_column_int(s, 4),
			.call = sqlite3_column_int64(s, 5),
			.created_at = sqlite3_column_int64(s, 6),
		};
		snprintf(state->reference, sizeof state->reference, "%s", stmt_text(s, 7));
	}
	stmt_end(s);
	return status;
}

enum store_status attempt_close(struct store *store, int64_t id, enum outcome outcome,
				const char *detail, int64_t finished_at)
{
	enum store_status status = stmt_run(
		store, stmt(store,
			    "UPDATE attempt SET outcome=?, detail=nullif(?, ''), finished_at=?"
			    " WHERE id=?",
			    "ikii", (int64_t)outcome, detail, finished_at, id));

	return status ? status : recorded_append(store, RECORDED_ATTEMPT, "scheduler", id);
}

enum store_status attempt_newest(struct store *store, int64_t *id)
{
	return stmt_number(store,
			   stmt(store, "SELECT seq FROM sqlite_sequence WHERE name='attempt'", ""),
			   0, id);
}

enum store_status attempt_open_count(struct store *store, enum channel channel, int64_t *count)
{
	/* Nobody rides on anything but a call; without looking for that the index is enough. */
	sqlite3_stmt *s = channel == CHANNEL_VOICE
				  ? stmt(store,
					 "SELECT count(*) FROM attempt WHERE outcome IS NULL AND"
					 " channel=? AND call_attempt_id IS NULL",
					 "i", (int64_t)channel)
				  : stmt(store,
					 "SELECT count(*) FROM attempt WHERE outcome IS NULL AND"
					 " channel=?",
					 "i", (int64_t)channel);

	return stmt_number(store, s, 0, count);
}

void recipient_free(struct recipient *recipient)
{
	free(recipient->name);
	free(recipient->devices);
	free(recipient->title);
	free(recipient->body);
	*recipient = (struct recipient){0};
}

static void read_open(sqlite3_stmt *s, enum channel channel, int lane, struct open_attempt *o)
{
	*o = (struct open_attempt){
		.attempt =
			{
				.id = sqlite3_column_int64(s, 0),
				.delivery = sqlite3_column_int64(s, 1),
				.channel = channel,
				.lane = lane,
				.dial_order = sqlite3_column_int(s, 2),
				.position = sqlite3_column_int(s, 3),
				.address_position = sqlite3_column_int(s, 4),
				.round = sqlite3_column_int(s, 5),
				.attempt_no = sqlite3_column_int(s, 6),
				.address = mem_string(stmt_text(s, 7)),
				.created_at = sqlite3_column_int64(s, 8),
			},
		.person = sqlite3_column_int64(s, 9),
		.wanted = sqlite3_column_int(s, 12),
		.recipient =
			{
				.name = mem_string(stmt_text(s, 10)),
				.language = sqlite3_column_int(s, 11) ? LANGUAGE_EN : LANGUAGE_JA,
			},
	};
}

/* As they are now; the attempt keeps what it was made with. */
static enum store_status load_devices(struct store *store, struct open_attempt *o)
{
	struct buf job = {0}, kept = {0};
	enum store_status status = device_addresses(store, o->person, &job, &kept);

	if (!status)
		o->recipient.devices = kept.length ? buf_take(&job) : mem_string("[]");
	buf_free(&job);
	buf_free(&kept);
	return status;
}

enum store_status attempt_open_after(struct store *store, enum channel channel, int lane,
				     int64_t after, struct open_attempt *list, size_t room,
				     size_t *count)
{
	sqlite3_stmt *s =
		stmt(store,
		     "SELECT a.id, a.delivery_id, a.dial_order, a.position,"
		     " a.address_position, a.round, a.try, a.address, a.created_at,"
		     " d.person_id, coalesce(p.name, f.name), coalesce(p.language, f.language),"
		     " d.state = 2 AND d.attempt_id = a.id FROM attempt a"
		     " JOIN delivery d ON d.id = a.delivery_id"
		     " LEFT JOIN person p ON p.id = d.person_id"
		     " LEFT JOIN family f ON f.id = -d.person_id"
		     " WHERE a.outcome IS NULL AND a.channel=? AND a.lane=? AND a.id>?"
		     " AND a.expected_by IS NULL AND a.call_attempt_id IS NULL"
		     " ORDER BY a.id LIMIT ?",
		     "iiii", (int64_t)channel, (int64_t)lane, after, (int64_t)room);
	enum store_status status = STORE_OK;

	*count = 0;
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK)
		read_open(s, channel, lane, &list[(*count)++]);
	stmt_end(s);
	status = status == STORE_NONE ? STORE_OK : status;
	for (size_t i = 0; !status && channel == CHANNEL_PUSH && i < *count; i++)
		status = load_devices(store, &list[i]);
	return status;
}

enum store_status attempt_open_ids(struct store *store, enum channel channel, int lane,
				   int64_t after, int64_t up_to, int64_t *ids, size_t room,
				   size_t *count)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT id FROM attempt WHERE outcome IS NULL AND channel=?"
			       " AND lane=? AND id>? AND id<=? AND expected_by IS NULL"
			       " AND call_attempt_id IS NULL ORDER BY id LIMIT ?",
			       "iiiii", (int64_t)channel, (int64_t)lane, after, up_to,
			       (int64_t)room);
	enum store_status status = STORE_OK;

	*count = 0;
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK)
		ids[(*count)++] = sqlite3_column_int64(s, 0);
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

void open_attempt_free(struct open_attempt *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].attempt.address);
		recipient_free(&list[i].recipient);
	}
}
