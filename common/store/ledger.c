#include "common/store/ledger.h"

#include "common/base/clock.h"
#include "common/store/rows.h"
#include "common/store/stmt.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ledger_hash(struct digest *digest, const uint8_t before[DIGEST_BYTES],
		 const struct ledger_row *row, uint8_t hash[DIGEST_BYTES])
{
	static const char name[] = "tenko ledger 1";

	digest_begin(digest);
	digest_bytes(digest, name, sizeof name - 1);
	digest_bytes(digest, before, DIGEST_BYTES);
	digest_number(digest, row->id);
	digest_number(digest, row->at);
	for (int i = 0; i < LEDGER_TEXTS; i++)
		digest_text(digest, row->text[i], row->length[i]);
	digest_end(digest, hash);
}

/* the head */

enum store_status ledger_head(struct store *store, struct ledger_head *head)
{
	sqlite3_stmt *s = stmt(store, "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1", "");
	enum store_status status = stmt_row(store, s);

	*head = (struct ledger_head){0};
	if (!status) {
		head->id = sqlite3_column_int64(s, 0);
		if (sqlite3_column_bytes(s, 1) == DIGEST_BYTES)
			memcpy(head->hash, sqlite3_column_blob(s, 1), DIGEST_BYTES);
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

char *ledger_head_text(const struct ledger_head *head, char *text)
{
	int length = snprintf(text, LEDGER_HEAD_TEXT, "%" PRId64 ":", head->id);

	digest_hex(head->hash, DIGEST_BYTES, text + length);
	return text;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool ledger_head_read(const char *text, struct ledger_head *head)
{
	size_t digits = strspn(text, "0123456789");
	const char *hash = text + digits + 1;

	if (digits == 0 || digits > 18 || text[digits] != ':' ||
	    strlen(hash) != (size_t)2 * DIGEST_BYTES)
		return false;
	head->id = strtoll(text, NULL, 10);
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		int high = hex_value(hash[2 * i]), low = hex_value(hash[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		head->hash[i] = (uint8_t)(high << 4 | low);
	}
	return head->id > 0;
}

/* appending */

/* The head is read once a transaction: while it holds the lock nobody else appends. */
static enum store_status know_head(struct store *store, struct ledger_state *ledger)
{
	if (ledger->known)
		return STORE_OK;
	enum store_status status = ledger_head(store, &ledger->head);
	ledger->known = !status;
	return status;
}

/* Gives it its place behind the head, and makes it the head. */
static void chain_entry(struct ledger_state *ledger, struct ledger_entry *entry, int64_t at)
{
	const char *text[LEDGER_TEXTS] = {entry->who, entry->action, entry->subject, entry->detail};
	struct ledger_row row = {.id = ledger->head.id + 1, .at = at};

	for (int i = 0; i < LEDGER_TEXTS; i++) {
		row.text[i] = text[i];
		row.length[i] = strlen(text[i]);
	}
	ledger_hash(ledger->digest, ledger->head.hash, &row, entry->hash);
	entry->id = ledger->head.id = row.id;
	entry->at = at;
	memcpy(ledger->head.hash, entry->hash, DIGEST_BYTES);
}

enum store_status ledger_append(struct store *store, struct ledger_entry *list, size_t count)
{
	static const struct rows_field fields[] = {
		ROWS_FIELD(struct ledger_entry, id),
		ROWS_FIELD(struct ledger_entry, at),
		ROWS_FIELD(struct ledger_entry, who),
		ROWS_FIELD(struct ledger_entry, action),
		ROWS_FIELD(struct ledger_entry, subject),
		ROWS_FIELD(struct ledger_entry, detail),
		ROWS_DIGEST_FIELD(struct ledger_entry, hash),
	};
	struct ledger_state *ledger = stmt_ledger(store);
	enum store_status status = know_head(store, ledger);
	int64_t now = clock_utc();

	if (status)
		return status;
	for (size_t i = 0; i < count; i++)
		chain_entry(ledger, &list[i], now);
	status = rows_run(store,
			  "INSERT INTO audit(id, at, who, action, subject, detail, hash)"
			  " SELECT c0, c1, c2, c3, c4, c5, c6 FROM rows",
			  &(struct rows){list, sizeof *list, count, fields});
	ledger->known = !status; /* else the head is not what stands there */
	return status;
}

enum store_status store_audit(struct store *store, const char *who, const char *action,
			      const char *subject, const char *detail)
{
	struct ledger_entry entry = {
		.who = who, .action = action, .subject = subject, .detail = detail};

	return ledger_append(store, &entry, 1);
}

/* the beginning */

static enum store_status chain_row(struct store *store, sqlite3_stmt *s, struct ledger_head *head)
{
	struct ledger_row row = {.id = sqlite3_column_int64(s, 0),
				 .at = sqlite3_column_int64(s, 1)};

	for (int i = 0; i < LEDGER_TEXTS; i++) {
		row.text[i] = stmt_text(s, 2 + i);
		row.length[i] = (size_t)sqlite3_column_bytes(s, 2 + i);
	}
	ledger_hash(stmt_ledger(store)->digest, head->hash, &row, head->hash);
	head->id = row.id;
	sqlite3_stmt *set = stmt(store, "UPDATE audit SET hash=?2 WHERE id=?1", "i", row.id);
	if (set)
		sqlite3_bind_blob(set, 2, head->hash, DIGEST_BYTES, SQLITE_STATIC);
	return stmt_run(store, set);
}

static enum store_status chain_rows(struct store *store)
{
	sqlite3_stmt *s = stmt(
		store, "SELECT id, at, who, action, subject, detail FROM audit ORDER BY id", "");
	struct ledger_head head = {0};
	enum store_status status, chained = STORE_OK;

	while (!chained && (status = stmt_row(store, s)) == STORE_OK)
		chained = chain_row(store, s, &head);
	stmt_end(s);
	if (chained)
		return chained;
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status ledger_begin(struct store *store)
{
	enum store_status status = chain_rows(store);

	if (status)
		return status;
	sqlite3_stmt *s = stmt(store,
			       "SELECT printf('attempts=%d replies=%d controls=%d broadcasts=%d',"
			       " (SELECT ifnull(max(id), 0) FROM attempt),"
			       " (SELECT ifnull(max(id), 0) FROM reply),"
			       " (SELECT ifnull(max(id), 0) FROM control),"
			       " (SELECT ifnull(max(id), 0) FROM broadcast))",
			       "");
	status = stmt_row(store, s);
	if (!status)
		status = store_audit(store, "tenko", LEDGER_BEGUN, "ledger", stmt_text(s, 0));
	stmt_end(s);
	return status;
}
