#include "common/store/delivery.h"

#include "common/store/delivery_row.h"
#include "common/store/rows.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS DELIVERY_COLUMNS("")

int64_t delivery_id(int64_t broadcast, int64_t ordinal)
{
	return broadcast << ORDINAL_BITS | ordinal;
}

int64_t delivery_broadcast(int64_t id)
{
	return id >> ORDINAL_BITS;
}

int64_t delivery_ordinal(int64_t id)
{
	return id & ((INT64_C(1) << ORDINAL_BITS) - 1);
}

void delivery_read(sqlite3_stmt *s, int first, struct delivery *d)
{
	*d = (struct delivery){
		.id = sqlite3_column_int64(s, first),
		.broadcast = sqlite3_column_int64(s, first + 1),
		.person = sqlite3_column_int64(s, first + 2),
		.state = (enum delivery_state)sqlite3_column_int(s, first + 3),
		.plan = sqlite3_column_int64(s, first + 4),
		.chain =
			{
				.phase = (enum phase)sqlite3_column_int(s, first + 5),
				.round = sqlite3_column_int(s, first + 6),
				.step = sqlite3_column_int(s, first + 7),
				.pass = sqlite3_column_int(s, first + 8),
				.address = sqlite3_column_int(s, first + 9),
				.marks = sqlite3_column_int64(s, first + 10),
				.owed = sqlite3_column_int64(s, first + 11),
				.soft_passes = sqlite3_column_int(s, first + 12),
			},
		.queue = sqlite3_column_int(s, first + 13),
		.due_at = sqlite3_column_int64(s, first + 14),
		.attempt = sqlite3_column_int64(s, first + 15),
		.reply = sqlite3_column_int64(s, first + 16),
	};
	if (sqlite3_column_type(s, first + 17) != SQLITE_NULL)
		snprintf(d->choice, sizeof d->choice, "%s", stmt_text(s, first + 17));
}

static enum store_status read_one(struct store *store, sqlite3_stmt *s, struct delivery *d)
{
	enum store_status status = stmt_row(store, s);

	if (!status)
		delivery_read(s, 0, d);
	stmt_end(s);
	return status;
}

static enum store_status read_list(struct store *store, sqlite3_stmt *s, struct delivery *list,
				   size_t room, size_t *count)
{
	enum store_status status = STORE_OK;

	*count = 0;
	while (*count < room && (status = stmt_row(store, s)) == STORE_OK)
		delivery_read(s, 0, &list[(*count)++]);
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

static const struct rows_field fields[] = {
	ROWS_FIELD(struct delivery, id),
	ROWS_FIELD(struct delivery, broadcast),
	ROWS_FIELD(struct delivery, person),
	ROWS_FIELD(struct delivery, state),
	ROWS_FIELD(struct delivery, plan),
	ROWS_FIELD(struct delivery, chain.phase),
	ROWS_FIELD(struct delivery, chain.round),
	ROWS_FIELD(struct delivery, chain.step),
	ROWS_FIELD(struct delivery, chain.pass),
	ROWS_FIELD(struct delivery, chain.address),
	ROWS_FIELD(struct delivery, chain.marks),
	ROWS_FIELD(struct delivery, chain.owed),
	ROWS_FIELD(struct delivery, chain.soft_passes),
	ROWS_FIELD(struct delivery, queue),
	ROWS_FIELD(struct delivery, due_at),
	ROWS_FIELD(struct delivery, attempt),
};

enum store_status delivery_insert_many(struct store *store, const struct delivery *first,
				       size_t size, size_t count)
{
	return rows_run(store,
			"INSERT INTO delivery(id, broadcast_id, person_id, state, plan, phase,"
			" round, step, pass, address, marks, owed, soft_passes, queue, due_at,"
			" attempt_id) SELECT c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12,"
			" c13, c14, nullif(c15, 0) FROM rows",
			&(struct rows){first, size, count, fields});
}

enum store_status delivery_insert(struct store *store, const struct delivery *d)
{
	return delivery_insert_many(store, d, sizeof *d, 1);
}

enum store_status delivery_save(struct store *store, const struct delivery *d)
{
	const struct chain *c = &d->chain;

	return stmt_run(store,
			stmt(store,
			     "UPDATE delivery SET state=?, phase=?, round=?, step=?, pass=?,"
			     " address=?, marks=?, owed=?, soft_passes=?, queue=?, due_at=?,"
			     " attempt_id=nullif(?, 0), reply_id=nullif(?, 0),"
			     " choice=nullif(?, '') WHERE id=?",
			     "iiiiiiiiiiiiiki", (int64_t)d->state, (int64_t)c->phase,
			     (int64_t)c->round, (int64_t)c->step, (int64_t)c->pass,
			     (int64_t)c->address, c->marks, c->owed, (int64_t)c->soft_passes,
			     (int64_t)d->queue, d->due_at, d->attempt, d->reply, d->choice,
			     d->id));
}

enum store_status delivery_load(struct store *store, int64_t id, struct delivery *d)
{
	return read_one(store,
			stmt(store, "SELECT " COLUMNS " FROM delivery WHERE id=?", "i", id), d);
}

enum store_status delivery_of_person(struct store *store, int64_t broadcast, int64_t person,
				     struct delivery *d)
{
	return read_one(store,
			stmt(store,
			     "SELECT " COLUMNS
			     " FROM delivery WHERE broadcast_id=? AND person_id=?",
			     "ii", broadcast, person),
			d);
}

enum store_status delivery_due(struct store *store, int queue, int64_t now,
			       struct delivery *list, size_t room, size_t *count)
{
	return read_list(store,
			 stmt(store,
			      "SELECT " COLUMNS " FROM delivery WHERE state=1 AND queue=?"
			      " AND due_at<=? ORDER BY due_at, id LIMIT ?",
			      "iii", (int64_t)queue, now, (int64_t)room),
			 list, room, count);
}

enum store_status delivery_after(struct store *store, int queue, int64_t due_at, int64_t id,
				 struct delivery *list, size_t room, size_t *count)
{
	return read_list(store,
			 stmt(store,
			      "SELECT " COLUMNS " FROM delivery WHERE state=1 AND queue=?"
			      " AND (due_at, id) > (?, ?) ORDER BY due_at, id LIMIT ?",
			      "iiii", (int64_t)queue, due_at, id, (int64_t)room),
			 list, room, count);
}

enum store_status delivery_next_due(struct store *store, int queue, int64_t *at)
{
	return stmt_number(store,
			   stmt(store,
				"SELECT min(due_at) FROM delivery WHERE state=1 AND queue=?",
				"i", (int64_t)queue),
			   INT64_MAX, at);
}

enum store_status delivery_walk(struct store *store, int64_t broadcast, int64_t ordinal,
				struct delivery *list, size_t room, size_t *count)
{
	return read_list(store,
			 stmt(store,
			      "SELECT " COLUMNS " FROM delivery WHERE id>=? AND id<?"
			      " ORDER BY id LIMIT ?",
			      "iii", delivery_id(broadcast, ordinal),
			      delivery_id(broadcast + 1, 0), (int64_t)room),
			 list, room, count);
}

enum store_status delivery_answered_bits(struct store *store, int64_t broadcast,
					 int64_t ordinals, unsigned char *bits)
{
	sqlite3_stmt *s =
		stmt(store, "SELECT id FROM delivery WHERE id>=? AND id<? AND state=3", "ii",
		     delivery_id(broadcast, 0), delivery_id(broadcast, ordinals));
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		int64_t ordinal = delivery_ordinal(sqlite3_column_int64(s, 0));
		bits[ordinal / 8] |= (unsigned char)(0x80 >> ordinal % 8);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}
