#include "common/store/ending.h"

#include "common/base/mem.h"
#include "common/store/delivery_row.h"
#include "common/store/recorded.h"
#include "common/store/rows.h"

#include <stdio.h>
#include <stdlib.h>

void endings_add(struct endings *set, int64_t attempt)
{
	if (set->count == set->room) {
		set->room = 2 * set->room + 64;
		set->list = mem_resize(set->list, set->room, sizeof *set->list);
	}
	set->list[set->count++] = (struct ending){.attempt = {.id = attempt}};
}

void endings_clear(struct endings *set)
{
	set->count = 0;
	buf_clear(&set->texts);
}

void endings_free(struct endings *set)
{
	free(set->list);
	buf_free(&set->texts);
	*set = (struct endings){0};
}

/* reading */

enum { DELIVERY_AT = 15 }; /* the first of its columns */

static size_t keep_text(struct endings *set, sqlite3_stmt *s, int column)
{
	size_t at = set->texts.length;

	buf_text_add(&set->texts, stmt_text(s, column));
	buf_char(&set->texts, '\0');
	return at;
}

static void read_ending(sqlite3_stmt *s, struct endings *set)
{
	struct ending *e = &set->list[sqlite3_column_int64(s, 0)];
	struct attempt_state *a = &e->attempt;

	a->delivery = sqlite3_column_int64(s, 1);
	a->channel = (enum channel)sqlite3_column_int(s, 2);
	a->open = true;
	a->placed = sqlite3_column_int(s, 3);
	a->looked = sqlite3_column_int(s, 4);
	a->call = sqlite3_column_int64(s, 5);
	a->created_at = sqlite3_column_int64(s, 6);
	e->reference = keep_text(set, s, 7);
	if (a->placed)
		snprintf(a->reference, sizeof a->reference, "%s", set->texts.data + e->reference);
	e->lane = sqlite3_column_int(s, 8);
	e->dial_order = sqlite3_column_int(s, 9);
	e->position = sqlite3_column_int(s, 10);
	e->address_position = sqlite3_column_int(s, 11);
	e->round = sqlite3_column_int(s, 12);
	e->attempt_no = sqlite3_column_int(s, 13);
	e->address = keep_text(set, s, 14);
	delivery_read(s, DELIVERY_AT, &e->delivery);
}

/* Reports mostly come in the order of their attempts, so that there is nothing to look through. */
static void close_repeated(struct endings *set)
{
	int64_t newest = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct attempt_state *a = &set->list[i].attempt;
		for (size_t k = 0; a->id <= newest && k < i && a->open; k++)
			a->open = set->list[k].attempt.id != a->id;
		newest = a->id > newest ? a->id : newest;
	}
}

enum store_status endings_load(struct store *store, struct endings *set)
{
	static const struct rows_field fields[] = {ROWS_FIELD(struct ending, attempt.id)};
	const struct rows ids = {set->list, sizeof *set->list, set->count, fields};
	sqlite3_stmt *s = rows_stmt(
		store,
		"SELECT r.rowid, a.delivery_id, a.channel, a.expected_by IS NOT NULL, a.looked,"
		" ifnull(a.call_attempt_id, 0), a.created_at, a.reference, a.lane, a.dial_order,"
		" a.position, a.address_position, a.round, a.try, a.address,"
		" " DELIVERY_COLUMNS(
			"d.") " FROM rows r CROSS JOIN attempt a ON a.id = r.c0"
			      " CROSS JOIN delivery d ON d.id = a.delivery_id WHERE a.outcome IS NULL",
		&ids);
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK)
		read_ending(s, set);
	stmt_end(s);
	close_repeated(set);
	return status == STORE_NONE ? STORE_OK : status;
}

/* writing */

static enum store_status close_attempts(struct store *store, const struct endings *set)
{
	static const struct rows_field fields[] = {
		ROWS_FIELD(struct ending, attempt.id),
		ROWS_FIELD(struct ending, outcome),
		ROWS_FIELD(struct ending, detail),
		ROWS_FIELD(struct ending, finished_at),
	};

	return rows_run(store,
			"UPDATE attempt SET outcome = c1, detail = nullif(c2, ''), finished_at = c3"
			" FROM rows WHERE id = c0 AND c1 <> 0",
			&(struct rows){set->list, sizeof *set->list, set->count, fields});
}

static enum store_status save_deliveries(struct store *store, const struct endings *set)
{
	static const struct rows_field fields[] = {
		ROWS_FIELD(struct ending, delivery.id),
		ROWS_FIELD(struct ending, moved),
		ROWS_FIELD(struct ending, delivery.state),
		ROWS_FIELD(struct ending, delivery.chain.phase),
		ROWS_FIELD(struct ending, delivery.chain.round),
		ROWS_FIELD(struct ending, delivery.chain.step),
		ROWS_FIELD(struct ending, delivery.chain.pass),
		ROWS_FIELD(struct ending, delivery.chain.address),
		ROWS_FIELD(struct ending, delivery.chain.marks),
		ROWS_FIELD(struct ending, delivery.chain.owed),
		ROWS_FIELD(struct ending, delivery.chain.soft_passes),
		ROWS_FIELD(struct ending, delivery.queue),
		ROWS_FIELD(struct ending, delivery.due_at),
		ROWS_FIELD(struct ending, delivery.attempt),
		ROWS_FIELD(struct ending, delivery.reply),
		ROWS_CHARS_FIELD(struct ending, delivery.choice),
	};

	return rows_run(
		store,
		"UPDATE delivery SET state = c2, phase = c3, round = c4, step = c5, pass = c6,"
		" address = c7, marks = c8, owed = c9, soft_passes = c10, queue = c11,"
		" due_at = c12, attempt_id = nullif(c13, 0), reply_id = nullif(c14, 0),"
		" choice = nullif(c15, '') FROM rows WHERE id = c0 AND c1",
		&(struct rows){set->list, sizeof *set->list, set->count, fields});
}

enum store_status endings_store(struct store *store, const struct endings *set)
{
	enum store_status status = close_attempts(store, set);

	if (!status)
		status = recorded_append_endings(store, "scheduler", set);
	return status ? status : save_deliveries(store, set);
}
