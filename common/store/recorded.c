#include "common/store/recorded.h"

#include "common/base/vocabulary.h"
#include "common/store/delivery.h"
#include "common/store/states.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_BYTES = 16 }; /* of the digest that stands in the words */

/* What a broadcast asks and of whom: what does not change once it was asked for. */
#define BROADCAST_COLUMNS                                                                  \
	"b.id, b.targets, b.kind, b.title, b.title_en, b.body, b.body_en, b.requested_at," \
	" b.requested_by, q.choices, q.items"

#define ATTEMPT_COLUMNS                                                                     \
	"id, outcome, delivery_id,"                                                         \
	" (SELECT person_id FROM delivery d WHERE d.id = delivery_id), channel, lane,"      \
	" dial_order, position, address_position, round, try, address, ifnull(detail, '')," \
	" created_at, finished_at, ifnull(call_attempt_id, 0), ifnull(reference, '')"

static const struct {
	const char *word;    /* before the id in the subject */
	const char *load;    /* ?1: the id */
	const char *all;     /* ?1: after which id */
	const char *actions; /* prefix */
} kinds[RECORDED_KINDS] = {
	[RECORDED_ATTEMPT] =
		{"attempt",
		 "SELECT " ATTEMPT_COLUMNS " FROM attempt"
		 " WHERE id = ? AND outcome IS NOT NULL",
		 "SELECT id FROM attempt WHERE outcome IS NOT NULL AND id > ? ORDER BY id",
		 "attempt.ended"},
	[RECORDED_REPLY] =
		{"reply",
		 "SELECT id, choice, broadcast_id, person_id, way, by, items, comment, at"
		 " FROM reply WHERE id = ?",
		 "SELECT id FROM reply WHERE id > ? ORDER BY id", "reply."},
	[RECORDED_CONTROL] = {"control",
			      "SELECT id, verb, broadcast_id, by, at FROM control WHERE id = ?",
			      "SELECT id FROM control WHERE id > ? ORDER BY id", "broadcast."},
	[RECORDED_BROADCAST] = {"broadcast",
				"SELECT " BROADCAST_COLUMNS " FROM broadcast b"
				" JOIN question q ON q.broadcast_id = b.id WHERE b.id = ?",
				"SELECT id FROM broadcast WHERE id > ? ORDER BY id",
				"broadcast.requested"},
};

const char *recorded_word(enum recorded_kind kind)
{
	return kinds[kind].word;
}

/* the words */

/* Every column, each by its own type. */
static const char *row_digest(struct store *store, sqlite3_stmt *s, char *text)
{
	struct digest *digest = stmt_ledger(store)->digest;
	uint8_t result[DIGEST_BYTES];

	digest_begin(digest);
	for (int i = 0; i < sqlite3_column_count(s); i++) {
		const char *value;
		if (sqlite3_column_type(s, i) == SQLITE_INTEGER) {
			digest_number(digest, sqlite3_column_int64(s, i));
			continue;
		}
		value = stmt_text(s, i);
		digest_text(digest, value, (size_t)sqlite3_column_bytes(s, i));
	}
	digest_end(digest, result);
	return digest_hex(result, ROW_BYTES, text);
}

static void read_attempt(sqlite3_stmt *s, const char *row, struct recorded *r)
{
	int64_t delivery = sqlite3_column_int64(s, 2);

	snprintf(r->action, sizeof r->action, "attempt.ended");
	snprintf(r->says, sizeof r->says, "%s",
		 outcome_name((enum outcome)sqlite3_column_int(s, 1)));
	buf_format(&r->detail,
		   "outcome=%s broadcast=%" PRId64 " person=%" PRId64
		   " channel=%s order=%d address=%d try=%d row=%s",
		   r->says, delivery_broadcast(delivery), (int64_t)sqlite3_column_int64(s, 3),
		   channel_name((enum channel)sqlite3_column_int(s, 4)), sqlite3_column_int(s, 6),
		   sqlite3_column_int(s, 8), sqlite3_column_int(s, 10), row);
}

static void read_reply(sqlite3_stmt *s, const char *row, struct recorded *r)
{
	enum reply_way way = (enum reply_way)sqlite3_column_int(s, 4);
	const char *by = stmt_text(s, 5);

	snprintf(r->action, sizeof r->action, "reply.%s", way == WAY_PROXY ? "proxy" : "recorded");
	snprintf(r->says, sizeof r->says, "%s", stmt_text(s, 1));
	buf_format(&r->detail, "choice=%s broadcast=%" PRId64 " person=%" PRId64 " way=%s row=%s",
		   r->says, (int64_t)sqlite3_column_int64(s, 2),
		   (int64_t)sqlite3_column_int64(s, 3), reply_way_name(way), row);
	if (*by)
		buf_format(&r->detail, " by=%s", by);
}

static void read_control(sqlite3_stmt *s, const char *row, struct recorded *r)
{
	snprintf(r->says, sizeof r->says, "%s",
		 control_verb_name((enum control_verb)sqlite3_column_int(s, 1)));
	snprintf(r->action, sizeof r->action, "broadcast.%s", r->says);
	snprintf(r->subject, sizeof r->subject, "broadcast=%" PRId64,
		 (int64_t)sqlite3_column_int64(s, 2));
	buf_format(&r->detail, "control=%" PRId64 " row=%s", r->id, row);
}

static void read_broadcast(sqlite3_stmt *s, const char *row, struct recorded *r)
{
	snprintf(r->action, sizeof r->action, "broadcast.requested");
	snprintf(r->says, sizeof r->says, "requested");
	buf_format(&r->detail, "row=%s to=%s", row, stmt_text(s, 1));
}

static void read_row(struct store *store, enum recorded_kind kind, sqlite3_stmt *s,
		     struct recorded *r)
{
	static void (*const readers[RECORDED_KINDS])(sqlite3_stmt * s, const char *row,
						     struct recorded *r) = {
		[RECORDED_ATTEMPT] = read_attempt,
		[RECORDED_REPLY] = read_reply,
		[RECORDED_CONTROL] = read_control,
		[RECORDED_BROADCAST] = read_broadcast,
	};
	char row[2 * ROW_BYTES + 1];

	buf_clear(&r->detail);
	r->id = sqlite3_column_int64(s, 0);
	snprintf(r->subject, sizeof r->subject, "%s=%" PRId64, kinds[kind].word, r->id);
	readers[kind](s, row_digest(store, s, row), r);
}

void recorded_free(struct recorded *r)
{
	buf_free(&r->detail);
}

enum store_status recorded_load(struct store *store, enum recorded_kind kind, int64_t id,
				struct recorded *r)
{
	sqlite3_stmt *s = stmt(store, kinds[kind].load, "i", id);
	enum store_status status = stmt_row(store, s);

	if (!status)
		read_row(store, kind, s, r);
	stmt_end(s);
	return status;
}

/* appending */

enum store_status recorded_append(struct store *store, enum recorded_kind kind, const char *who,
				  int64_t id)
{
	struct recorded r = {0};
	enum store_status status = recorded_load(store, kind, id, &r);

	if (!status)
		status = store_audit(store, who, r.action, r.subject, buf_text(&r.detail));
	recorded_free(&r);
	return status;
}

/* checking */

static bool begins(const struct ledger_row *row, int text, const char *with)
{
	size_t length = strlen(with);

	return row->length[text] >= length && memcmp(row->text[text], with, length) == 0;
}

/* "word=N" at the beginning of one of the row's texts, behind it a blank or the end. */
static bool number_behind(const struct ledger_row *row, int text, const char *word, int64_t *id)
{
	size_t length = strlen(word);
	char *end;

	if (!begins(row, text, word) || row->text[text][length] != '=')
		return false;
	*id = strtoll(row->text[text] + length + 1, &end, 10);
	return *id > 0 && (*end == '\0' || *end == ' ');
}

bool recorded_names(const struct ledger_row *row, enum recorded_kind *kind, int64_t *id)
{
	for (int k = 0; k < RECORDED_KINDS; k++) {
		int text = k == RECORDED_CONTROL ? LEDGER_DETAIL : LEDGER_SUBJECT;
		*kind = (enum recorded_kind)k;
		if (begins(row, LEDGER_ACTION, kinds[k].actions) &&
		    number_behind(row, text, kinds[k].word, id))
			return true;
	}
	return false;
}

void recorded_said(const struct ledger_row *row, char *says, size_t room)
{
	const char *word;

	if (begins(row, LEDGER_DETAIL, "outcome=") || begins(row, LEDGER_DETAIL, "choice="))
		word = strchr(row->text[LEDGER_DETAIL], '=') + 1;
	else
		word = row->text[LEDGER_ACTION] + strcspn(row->text[LEDGER_ACTION], ".");
	word += *word == '.';
	snprintf(says, room, "%.*s", (int)strcspn(word, " "), word);
}

sqlite3_stmt *recorded_all(struct store *store, enum recorded_kind kind, int64_t after)
{
	return stmt(store, kinds[kind].all, "i", after);
}
