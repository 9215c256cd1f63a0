#include "common/store/recorded.h"

#include "common/base/mem.h"
#include "common/base/vocabulary.h"
#include "common/store/delivery.h"
#include "common/store/states.h"

#include <assert.h>
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

/* What stands in a column. */
struct value {
	const char *text; /* NULL: a number */
	size_t length;
	int64_t number;
};

enum { VALUES_MOST = 17 };

static struct value number_value(int64_t number)
{
	return (struct value){.number = number};
}

static struct value text_value(const char *text)
{
	return (struct value){.text = text, .length = strlen(text)};
}

static size_t read_values(sqlite3_stmt *s, struct value *values)
{
	int count = sqlite3_column_count(s);

	assert(count <= VALUES_MOST);
	for (int i = 0; i < count; i++) {
		if (sqlite3_column_type(s, i) == SQLITE_INTEGER) {
			values[i] = number_value(sqlite3_column_int64(s, i));
			continue;
		}
		const char *text = stmt_text(s, i);
		values[i] =
			(struct value){.text = text, .length = (size_t)sqlite3_column_bytes(s, i)};
	}
	return (size_t)count;
}

/* Every value, each by its own type. */
static const char *row_digest(struct digest *digest, const struct value *values, size_t count,
			      char *text)
{
	uint8_t result[DIGEST_BYTES];

	digest_begin(digest);
	for (const struct value *v = values; v < values + count; v++) {
		if (v->text)
			digest_text(digest, v->text, v->length);
		else
			digest_number(digest, v->number);
	}
	digest_end(digest, result);
	return digest_hex(result, ROW_BYTES, text);
}

static const char *words_of(const struct value *v)
{
	return v->text ? v->text : "";
}

static void add_number(struct buf *b, const char *name, int64_t number)
{
	buf_text_add(b, name);
	buf_number(b, number);
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

static void read_attempt(const struct value *v, const char *row, struct recorded *r)
{
	r->action = "attempt.ended";
	say(r, outcome_name((enum outcome)v[1].number));
	add_word(&r->detail, "outcome=", r->says);
	add_number(&r->detail, " broadcast=", delivery_broadcast(v[2].number));
	add_number(&r->detail, " person=", v[3].number);
	add_word(&r->detail, " channel=", channel_name((enum channel)v[4].number));
	add_number(&r->detail, " order=", v[6].number);
	add_number(&r->detail, " address=", v[8].number);
	add_number(&r->detail, " try=", v[10].number);
	add_word(&r->detail, " row=", row);
}

static void read_reply(const struct value *v, const char *row, struct recorded *r)
{
	enum reply_way way = (enum reply_way)v[4].number;
	const char *by = words_of(&v[5]);

	r->action = way == WAY_PROXY ? "reply.proxy" : "reply.recorded";
	say(r, words_of(&v[1]));
	add_word(&r->detail, "choice=", r->says);
	add_number(&r->detail, " broadcast=", v[2].number);
	add_number(&r->detail, " person=", v[3].number);
	add_word(&r->detail, " way=", reply_way_name(way));
	add_word(&r->detail, " row=", row);
	if (*by)
		add_word(&r->detail, " by=", by);
}

static void read_control(const struct value *v, const char *row, struct recorded *r)
{
	static const char *const actions[CONTROL_END] = {
#define X(symbol, number, name, phrase, moves) [number] = "broadcast." name,
		CONTROL_VERBS(X)
#undef X
	};
	int verb = v[1].number;

	r->action = verb > 0 && verb < CONTROL_END ? actions[verb] : "broadcast.";
	say(r, control_verb_name((enum control_verb)verb));
	buf_clear(&r->subject);
	add_number(&r->subject, "broadcast=", v[2].number);
	add_number(&r->detail, "control=", r->id);
	add_word(&r->detail, " row=", row);
}

static void read_broadcast(const struct value *v, const char *row, struct recorded *r)
{
	r->action = "broadcast.requested";
	say(r, "requested");
	add_word(&r->detail, "row=", row);
	add_word(&r->detail, " to=", words_of(&v[1]));
}

static void read_bounce(const struct value *v, const char *row, struct recorded *r)
{
	r->action = "bounce.recorded";
	say(r, "recorded");
	add_number(&r->detail, "attempt=", v[2].number);
	add_number(&r->detail, " kind=", v[1].number);
	add_word(&r->detail, " status=", words_of(&v[3]));
	add_word(&r->detail, " row=", row);
}

static void read_row(struct digest *digest, enum recorded_kind kind, const struct value *values,
		     size_t count, struct recorded *r)
{
	static void (*const readers[RECORDED_KINDS])(const struct value *v, const char *row,
						     struct recorded *r) = {
		[RECORDED_ATTEMPT] = read_attempt, [RECORDED_REPLY] = read_reply,
		[RECORDED_CONTROL] = read_control, [RECORDED_BROADCAST] = read_broadcast,
		[RECORDED_BOUNCE] = read_bounce,
	};
	char row[2 * ROW_BYTES + 1];

	buf_clear(&r->subject);
	buf_clear(&r->detail);
	r->id = values[0].number;
	add_word(&r->subject, kinds[kind].word, "=");
	add_number(&r->subject, "", r->id);
	readers[kind](values, row_digest(digest, values, count, row), r);
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

	if (!status) {
		struct value values[VALUES_MOST];
		size_t count = read_values(s, values);
		read_row(stmt_ledger(store)->digest, kind, values, count, r);
	}
	stmt_end(s);
	return status;
}

/* appending */

enum { TOGETHER = 64 }; /* rows whose words are in hand at a time */

/* Kept from one to the next for their buffers. */
static struct recorded *words(struct ledger_state *ledger)
{
	if (!ledger->words)
		ledger->words = mem_array(TOGETHER, sizeof *ledger->words);
	return ledger->words;
}

void recorded_forget(struct ledger_state *ledger)
{
	for (size_t i = 0; ledger->words && i < TOGETHER; i++)
		recorded_free(&ledger->words[i]);
	free(ledger->words);
	ledger->words = NULL;
}

static struct ledger_entry entry_of(const char *who, const struct recorded *r)
{
	return (struct ledger_entry){
		.who = who,
		.action = r->action,
		.subject = buf_text(&r->subject),
		.detail = buf_text(&r->detail),
	};
}

enum store_status recorded_append(struct store *store, enum recorded_kind kind, const char *who,
				  int64_t id)
{
	struct recorded *r = words(stmt_ledger(store));
	enum store_status status = recorded_load(store, kind, id, r);
	struct ledger_entry entry = entry_of(who, r);

	return status ? status : ledger_append(store, &entry, 1);
}

/* In the order of ATTEMPT_COLUMNS, as they stand in the store once it is closed. */
static size_t values_of(const struct ending *e, const char *texts, struct value *values)
{
	const struct attempt_state *a = &e->attempt;
	const struct value all[] = {
		number_value(a->id),
		number_value(e->outcome),
		number_value(a->delivery),
		number_value(e->delivery.person),
		number_value(a->channel),
		number_value(e->lane),
		number_value(e->dial_order),
		number_value(e->position),
		number_value(e->address_position),
		number_value(e->round),
		number_value(e->attempt_no),
		text_value(texts + e->address),
		text_value(e->detail),
		number_value(a->created_at),
		number_value(e->finished_at),
		number_value(a->call),
		text_value(texts + e->reference),
	};

	_Static_assert(LENGTH(all) == VALUES_MOST, "room");
	memcpy(values, all, sizeof all);
	return LENGTH(all);
}

enum store_status recorded_append_endings(struct store *store, const char *who,
					  const struct endings *set)
{
	struct ledger_state *ledger = stmt_ledger(store);
	struct recorded *r = words(ledger);
	struct ledger_entry entries[TOGETHER];
	struct value values[VALUES_MOST];
	enum store_status status = STORE_OK;
	size_t made = 0;

	for (size_t i = 0; !status && i < set->count; i++) {
		const struct ending *e = &set->list[i];
		if (e->outcome != OUTCOME_NONE) {
			size_t count = values_of(e, set->texts.data, values);
			read_row(ledger->digest, RECORDED_ATTEMPT, values, count, &r[made]);
			entries[made] = entry_of(who, &r[made]);
			made++;
		}
		if (made == TOGETHER || (made > 0 && i + 1 == set->count)) {
			status = ledger_append(store, entries, made);
			made = 0;
		}
	}
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
