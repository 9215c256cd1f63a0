#include "common/store/recorded.h"

#include "common/base/vocabulary.h"
#include "common/store/delivery.h"
#include "common/store/states.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_BYTES = 16 }; /* of the digest that stands in the words */

/* What a broadcast asks and of whom: what does not change once it was asked for. */
#define BROADCAST_COLUMNS                                                                  \
	"b.id, b.targets, b.kind, b.title, b.title_en, b.body, b.body_en, b.requested_at," \
	" b.requested_by, q.choices, q.items"

#define ATTEMPT_COLUMNS                                                                \
	"id, ifnull(first_outcome, outcome), delivery_id,"                             \
	" (SELECT person_id FROM delivery d WHERE d.id = delivery_id), channel, lane," \
	" dial_order, position, address_position, round, try, address,"                \
	" iif(first_outcome IS NULL, ifnull(detail, ''), first_detail),"               \
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
	[RECORDED_BOUNCE] = {"bounce",
			     "SELECT id, kind, attempt_id, status, detail, at FROM bounce"
			     " WHERE id = ?",
			     "SELECT id FROM bounce WHERE id > ? ORDER BY id", "bounce.recorded"},
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

/* A row an attempt: printf() would cost as much as storing it. */
static void add_number(struct buf *b, const char *name, int64_t number)
{
	char digits[24], *p = digits + sizeof digits;
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		*--p = (char)('0' + left % 10);
	} while (left /= 10);
	if (number < 0)
		*--p = '-';
	buf_text_add(b, name);
	buf_add(b, p, (size_t)(digits + sizeof digits - p));
}

static void add_word(struct buf *b, const char *name, const char *word)
{
	buf_text_add(b, name);
	buf_text_add(b, word);
}

static void say(struct recorded *r, const char *word)
{
	size_t length = strlen(word);

	length = length < sizeof r->says ? length : sizeof r->says - 1;
	memcpy(r->says, word, length);
	r->says[length] = '\0';
}

static void read_attempt(sqlite3_stmt *s, const char *row, struct recorded *r)
{
	r->action = "attempt.ended";
	say(r, outcome_name((enum outcome)sqlite3_column_int(s, 1)));
	add_word(&r->detail, "outcome=", r->says);
	add_number(&r->detail, " broadcast=", delivery_broadcast(sqlite3_column_int64(s, 2)));
	add_number(&r->detail, " person=", sqlite3_column_int64(s, 3));
	add_word(&r->detail, " channel=", channel_name((enum channel)sqlite3_column_int(s, 4)));
	add_number(&r->detail, " order=", sqlite3_column_int64(s, 6));
	add_number(&r->detail, " address=", sqlite3_column_int64(s, 8));
	add_number(&r->detail, " try=", sqlite3_column_int64(s, 10));
	add_word(&r->detail, " row=", row);
}

static void read_reply(sqlite3_stmt *s, const char *row, struct recorded *r)
{
	enum reply_way way = (enum reply_way)sqlite3_column_int(s, 4);
	const char *by = stmt_text(s, 5);

	r->action = way == WAY_PROXY ? "reply.proxy" : "reply.recorded";
	say(r, stmt_text(s, 1));
	add_word(&r->detail, "choice=", r->says);
	add_number(&r->detail, " broadcast=", sqlite3_column_int64(s, 2));
	add_number(&r->detail, " person=", sqlite3_column_int64(s, 3));
	add_word(&r->detail, " way=", reply_way_name(way));
	add_word(&r->detail, " row=", row);
	if (*by)
		add_word(&r->detail, " by=", by);
}

static void read_control(sqlite3_stmt *s, const char *row, struct recorded *r)
{
	static const char *const actions[CONTROL_END] = {
#define X(symbol, number, name, phrase, moves) [number] = "broadcast." name,
		CONTROL_VERBS(X)
#undef X
	};
	int verb = sqlite3_column_int(s, 1);

	r->action = verb > 0 && verb < CONTROL_END ? actions[verb] : "broadcast.";
	say(r, control_verb_name((enum control_verb)verb));
	buf_clear(&r->subject);
	add_number(&r->subject, "broadcast=", sqlite3_column_int64(s, 2));
	add_number(&r->detail, "control=", r->id);
	add_word(&r->detail, " row=", row);
}

static void read_broadcast(sqlite3_stmt *s, const char *row, struct recorded *r)
{
	r->action = "broadcast.requested";
	say(r, "requested");
	add_word(&r->detail, "row=", row);
	add_word(&r->detail, " to=", stmt_text(s, 1));
}

static void read_bounce(sqlite3_stmt *s, const char *row, struct recorded *r)
{
	r->action = "bounce.recorded";
	say(r, "recorded");
	add_number(&r->detail, "attempt=", sqlite3_column_int64(s, 2));
	add_number(&r->detail, " kind=", sqlite3_column_int64(s, 1));
	add_word(&r->detail, " status=", stmt_text(s, 3));
	add_word(&r->detail, " row=", row);
}

static void read_row(struct store *store, enum recorded_kind kind, sqlite3_stmt *s,
		     struct recorded *r)
{
	static void (*const readers[RECORDED_KINDS])(sqlite3_stmt * s, const char *row,
						     struct recorded *r) = {
		[RECORDED_ATTEMPT] = read_attempt, [RECORDED_REPLY] = read_reply,
		[RECORDED_CONTROL] = read_control, [RECORDED_BROADCAST] = read_broadcast,
		[RECORDED_BOUNCE] = read_bounce,
	};
	char row[2 * ROW_BYTES + 1];

	buf_clear(&r->subject);
	buf_clear(&r->detail);
	r->id = sqlite3_column_int64(s, 0);
	add_word(&r->subject, kinds[kind].word, "=");
	add_number(&r->subject, "", r->id);
	readers[kind](s, row_digest(store, s, row), r);
}

void recorded_free(struct recorded *r)
{
	buf_free(&r->subject);
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
	struct ledger_state *ledger = stmt_ledger(store);
	struct recorded r = {.subject = ledger->subject, .detail = ledger->detail};
	enum store_status status = recorded_load(store, kind, id, &r);

	if (!status)
		status = store_audit(store, who, r.action, buf_text(&r.subject),
				     buf_text(&r.detail));
	ledger->subject = r.subject; /* for the next one */
	ledger->detail = r.detail;
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
