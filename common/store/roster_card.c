#include "common/store/roster.h"
#include "common/store/stmt.h"

#include <stdio.h>

#define CARD_COLUMNS "language, work_region, home_region, second_region, plan, voice_id"

/* Copies a column; what does not fit was not stored by us and is cut. */
#define COPY_TEXT(to, s, column) snprintf(to, sizeof(to), "%s", stmt_text(s, column))

/* The columns CARD_COLUMNS from `first` on; the rest of the card empty. */
static void read_person(sqlite3_stmt *s, int first, struct roster_card *card)
{
	*card = (struct roster_card){
		.language = (enum language)sqlite3_column_int(s, first),
		.plan = sqlite3_column_int64(s, first + 4),
	};
	for (int i = 0; i < CARD_REGIONS; i++)
		COPY_TEXT(card->region[i], s, first + 1 + i);
	COPY_TEXT(card->voice_id, s, first + 5);
}

/* The row of `contact` in `s` into the card. */
static void read_contact(sqlite3_stmt *s, struct roster_card *card)
{
	enum channel channel = (enum channel)sqlite3_column_int(s, 1);
	bool spare = sqlite3_column_int(s, 0), voice = channel == CHANNEL_VOICE;
	int position = sqlite3_column_int(s, 2);

	if (channel == CHANNEL_PUSH) {
		card->push_order = sqlite3_column_int(s, 3);
	} else if (spare && voice) {
		COPY_TEXT(card->spare_telephone, s, 4);
	} else if (spare) {
		COPY_TEXT(card->spare_mail, s, 4);
	} else if (position >= 1 && position <= PLAN_ADDRESSES && voice) {
		COPY_TEXT(card->telephone[position - 1], s, 4);
		card->telephone_order[position - 1] = sqlite3_column_int(s, 3);
	} else if (position >= 1 && position <= PLAN_ADDRESSES) {
		COPY_TEXT(card->mail[position - 1], s, 4);
		card->mail_order = sqlite3_column_int(s, 3);
	}
}

static enum store_status read_contacts(struct store *store, int64_t person,
				       struct roster_card *card, bool *any)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT spare, channel, position, dial_order, address FROM contact"
			       " WHERE person_id=?",
			       "i", person);
	enum store_status status;

	*any = false;
	while ((status = stmt_row(store, s)) == STORE_OK) {
		read_contact(s, card);
		*any = true;
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status roster_card_load(struct store *store, int64_t person, struct roster_card *card)
{
	sqlite3_stmt *s =
		stmt(store, "SELECT " CARD_COLUMNS " FROM person WHERE id=?", "i", person);
	enum store_status status = stmt_row(store, s);
	bool any;

	if (!status)
		read_person(s, 0, card);
	stmt_end(s);
	return status ? status : read_contacts(store, person, card, &any);
}

enum store_status roster_each_card(struct store *store,
				   void (*see)(const char *code, const struct roster_card *card,
					       void *arg),
				   void *arg)
{
	sqlite3_stmt *s =
		stmt(store, "SELECT id, code, " CARD_COLUMNS " FROM person ORDER BY code", "");
	enum store_status status;
	struct roster_card card;

	while ((status = stmt_row(store, s)) == STORE_OK) {
		bool any;
		read_person(s, 2, &card);
		status = read_contacts(store, sqlite3_column_int64(s, 0), &card, &any);
		if (status)
			break;
		if (any || card.language || card.region[0][0] || card.region[1][0] ||
		    card.region[2][0] || card.voice_id[0])
			see(stmt_text(s, 1), &card, arg);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status roster_any_push(struct store *store, bool *any)
{
	int64_t found;
	enum store_status status =
		stmt_number(store,
			    stmt(store, "SELECT 1 FROM contact WHERE channel=? LIMIT 1", "i",
				 (int64_t)CHANNEL_PUSH),
			    0, &found);

	*any = found != 0;
	return status;
}

enum store_status roster_any_voice_id(struct store *store, bool *any)
{
	int64_t found;
	enum store_status status = stmt_number(
		store,
		stmt(store, "SELECT EXISTS (SELECT 1 FROM person WHERE voice_id IS NOT NULL)", ""),
		0, &found);

	*any = found != 0;
	return status;
}

/* writing */

struct row {
	bool spare;
	enum channel channel;
	int position, order;
	const char *text;
	const char *number; /* as it is dialled; NULL: it is not, or not a telephone's */
};

enum { ROWS_MOST = 2 * PLAN_ADDRESSES + 3, ROW_COLUMNS = 6 };

/* Those that the card has; their number. */
static int list_addresses(const struct roster_card *card, struct row *list)
{
	int count = 0;

	for (int i = 0; i < PLAN_ADDRESSES; i++)
		if (card->mail[i][0])
			list[count++] = (struct row){
				false, CHANNEL_MAIL, i + 1, card->mail_order, card->mail[i], NULL};
	for (int i = 0; i < PLAN_ADDRESSES; i++)
		if (card->telephone[i][0])
			list[count++] =
				(struct row){false,
						 CHANNEL_VOICE,
						 i + 1,
						 card->telephone_order[i],
						 card->telephone[i],
						 card->number[i][0] ? card->number[i] : NULL};
	/* Push has no address here: it stands for the devices. */
	if (card->push_order)
		list[count++] =
			(struct row){false, CHANNEL_PUSH, 1, card->push_order, "", NULL};
	if (card->spare_mail[0])
		list[count++] = (struct row){true, CHANNEL_MAIL, 1, 0, card->spare_mail, NULL};
	if (card->spare_telephone[0])
		list[count++] =
			(struct row){true, CHANNEL_VOICE, 1, 0, card->spare_telephone, NULL};
	return count;
}

/* One statement for all: a million people have millions of addresses. */
#define ROW "(?1, ?, ?, ?, nullif(?, 0), ?, ?)"
#define INSERT                                                                                  \
	"INSERT INTO contact(person_id, spare, channel, position, dial_order, address, number)" \
	" VALUES " ROW
static const char *const insert_rows[ROWS_MOST] = {
	INSERT,
	INSERT "," ROW,
	INSERT "," ROW "," ROW,
	INSERT "," ROW "," ROW "," ROW,
	INSERT "," ROW "," ROW "," ROW "," ROW,
	INSERT "," ROW "," ROW "," ROW "," ROW "," ROW,
	INSERT "," ROW "," ROW "," ROW "," ROW "," ROW "," ROW,
	INSERT "," ROW "," ROW "," ROW "," ROW "," ROW "," ROW "," ROW,
	INSERT "," ROW "," ROW "," ROW "," ROW "," ROW "," ROW "," ROW "," ROW,
};

enum store_status roster_add_addresses(struct store *store, int64_t person,
				       const struct roster_card *card)
{
	struct row list[ROWS_MOST];
	int count = list_addresses(card, list);

	if (!count)
		return STORE_OK;
	sqlite3_stmt *s = stmt(store, insert_rows[count - 1], "i", person);
	for (int i = 0; s && i < count; i++) {
		int column = 2 + i * ROW_COLUMNS;
		sqlite3_bind_int(s, column, list[i].spare);
		sqlite3_bind_int(s, column + 1, (int)list[i].channel);
		sqlite3_bind_int(s, column + 2, list[i].position);
		sqlite3_bind_int(s, column + 3, list[i].order);
		sqlite3_bind_text(s, column + 4, list[i].text, -1, SQLITE_STATIC);
		sqlite3_bind_text(s, column + 5, list[i].number, -1, SQLITE_STATIC);
	}
	return stmt_run(store, s);
}

static enum store_status drop_addresses(struct store *store, int64_t person)
{
	return stmt_run(store, stmt(store, "DELETE FROM contact WHERE person_id=?", "i", person));
}

static enum store_status put_person(struct store *store, int64_t person,
				    const struct roster_card *card)
{
	enum store_status status =
		stmt_run(store, stmt(store,
				     "UPDATE person SET language=?2, work_region=?3,"
				     " home_region=?4, second_region=?5, plan=?6 WHERE id=?1",
				     "iikkki", person, (int64_t)card->language, card->region[0],
				     card->region[1], card->region[2], card->plan));

	if (!status && stmt_changes(store) != 1)
		return STORE_CONFLICT;
	return status;
}

enum store_status roster_put_voice(struct store *store, int64_t person,
				   const struct roster_card *card)
{
	/* A new PIN ends a lock; without an ID there is nothing to let in. */
	return stmt_run(store,
			stmt(store,
			     "UPDATE person SET voice_id=nullif(?2, ''),"
			     " voice_pin_hash=CASE WHEN ?2 = '' THEN NULL"
			     " ELSE ifnull(nullif(?3, ''), voice_pin_hash) END,"
			     " voice_wrong=iif(?3 = '', voice_wrong, 0),"
			     " voice_locked_until=iif(?3 = '', voice_locked_until, 0) WHERE id=?1",
			     "ikk", person, card->voice_id, card->voice_pin_hash));
}

enum store_status roster_release_voice(struct store *store, int64_t person)
{
	return stmt_run(store,
			stmt(store, "UPDATE person SET voice_id=NULL WHERE id=?", "i", person));
}

enum store_status roster_put_card(struct store *store, int64_t person,
				  const struct roster_card *card)
{
	enum store_status status = drop_addresses(store, person);

	if (!status)
		status = roster_add_addresses(store, person, card);
	if (!status)
		status = put_person(store, person, card);
	return status ? status : roster_put_voice(store, person, card);
}

enum store_status roster_card_delete(struct store *store, int64_t person)
{
	const struct roster_card empty = {0};
	enum store_status status = drop_addresses(store, person);

	if (!status)
		status = put_person(store, person, &empty);
	return status ? status : roster_put_voice(store, person, &empty);
}
