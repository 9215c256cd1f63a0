#include "common/store/story.h"

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/store/delivery.h"
#include "common/store/people.h"
#include "common/store/stmt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TEXT_MOST = 500,
	LEDGER_LOOKED_UP = 100, /* events, at most */
	LEDGER_EARLIER = 2000,  /* ms that its row may be older by the clock */
	LEDGER_ROWS = 20000,
};

const char *story_kind_name(enum story_kind kind)
{
#define X(symbol, name, number) name,
	static const char *const names[] = {STORY_KINDS(X)};
#undef X
	return names[kind];
}

void story_free(struct story *story)
{
	for (size_t i = 0; i < story->count; i++) {
		free(story->list[i].user);
		free(story->list[i].text);
		free(story->list[i].who);
	}
	free(story->list);
	*story = (struct story){0};
}

static struct story_event *add(struct story *story, enum story_kind kind, int64_t at, int64_t id)
{
	if (story->count % 64 == 0)
		story->list = mem_resize(story->list, story->count + 64, sizeof *story->list);
	struct story_event *e = &story->list[story->count++];
	*e = (struct story_event){.at = at, .kind = kind, .id = id};
	return e;
}

static void say(struct story_event *e, const char *text, const char *who)
{
	e->text = log_masked(text, TEXT_MOST);
	e->who = log_masked(who, TEXT_MOST);
}

/* The first row at a time or after it, of a table whose ids grow with the time. */
static enum store_status first_since(struct store *store, const char *end_sql, const char *at_sql,
				     int64_t at, int64_t *id)
{
	int64_t low = 0, high;
	enum store_status status = stmt_number(store, stmt(store, end_sql, ""), 1, &high);

	while (!status && low + 1 < high) {
		int64_t middle = low + (high - low) / 2, found;
		status = stmt_number(store, stmt(store, at_sql, "i", middle), 0, &found);
		if (found < at)
			low = middle;
		else
			high = middle;
	}
	*id = high;
	return status;
}

static enum store_status asked_when(struct store *store, int64_t broadcast, int64_t *at)
{
	return stmt_number(
		store,
		stmt(store, "SELECT requested_at FROM broadcast WHERE id = ?", "i", broadcast), 0,
		at);
}

/* attempts, a row each: what was handed over, and how it ended */

#define ATTEMPTS                                                                          \
	"SELECT a.id, d.broadcast_id, d.person_id, a.channel, a.dial_order,"              \
	" a.address_position, a.try, a.round, ifnull(a.call_attempt_id, 0), a.address,"   \
	" a.created_at, ifnull(a.first_outcome, a.outcome), iif(a.first_outcome IS NULL," \
	" ifnull(a.detail, ''), ifnull(a.first_detail, '')), ifnull(a.finished_at, 0)"    \
	" FROM attempt a JOIN delivery d ON d.id = a.delivery_id WHERE "

static void take_attempt(struct story *story, sqlite3_stmt *s)
{
	enum channel channel = (enum channel)sqlite3_column_int(s, 3);
	int64_t ended = sqlite3_column_int64(s, 13);
	const char *address = channel == CHANNEL_PUSH ? "" : stmt_text(s, 9);
	struct buf words = {0};

	for (int part = 0; part < (ended ? 2 : 1); part++) {
		struct story_event *e =
			add(story, part ? STORY_ENDED : STORY_QUEUED,
			    part ? ended : sqlite3_column_int64(s, 10), sqlite3_column_int64(s, 0));
		e->attempt = e->id;
		e->broadcast = sqlite3_column_int64(s, 1);
		e->person = sqlite3_column_int64(s, 2);
		e->channel = channel;
		e->number = sqlite3_column_int64(s, part ? 11 : 8);
		if (part) {
			say(e, stmt_text(s, 12), "");
			continue;
		}
		char *masked = log_masked(address, TEXT_MOST);
		buf_format(&words, "order %d, address %d, try %d, round %d%s%s",
			   sqlite3_column_int(s, 4), sqlite3_column_int(s, 5),
			   sqlite3_column_int(s, 6), sqlite3_column_int(s, 7),
			   *address ? ", to " : "", masked);
		free(masked);
		e->text = buf_take(&words);
		e->who = mem_string("");
	}
}

static enum store_status take_all(struct store *store, struct story *story, sqlite3_stmt *s,
				  void (*take)(struct story *story, sqlite3_stmt *s))
{
	enum store_status status;

	while ((status = stmt_row(store, s)) == STORE_OK)
		take(story, s);
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

/*
 * The broadcast's newest, from the end of the table on and no further than to when it was asked for:
 * the plus signs keep the index of its deliveries out of it, which would sort all of them.
 */
static enum store_status newest_attempts(struct store *store, const struct story_about *about,
					 sqlite3_stmt **s)
{
	int64_t asked_at, from;
	enum store_status status = asked_when(store, about->broadcast, &asked_at);

	if (!status)
		status =
			first_since(store, "SELECT ifnull(max(id), 0) + 1 FROM attempt",
				    "SELECT created_at FROM attempt WHERE id = ?", asked_at, &from);
	*s = status ? NULL
		    : stmt(store,
			   ATTEMPTS "a.id >= ? AND +d.broadcast_id = ? ORDER BY a.id DESC LIMIT ?",
			   "iii", from, about->broadcast, about->most);
	return status;
}

static enum store_status attempts(struct store *store, const struct story_about *about,
				  struct story *story)
{
	enum store_status status = STORE_OK;
	sqlite3_stmt *s = NULL;

	if (about->attempt)
		s = stmt(store, ATTEMPTS "a.id = ?", "i", about->attempt);
	else if (about->person)
		s = stmt(store,
			 ATTEMPTS "d.person_id = ?1 AND d.broadcast_id IN (SELECT id FROM broadcast"
				  " WHERE ?2 IN (0, id))",
			 "ii", about->person, about->broadcast);
	else
		status = newest_attempts(store, about, &s);
	return status ? status : take_all(store, story, s, take_attempt);
}

/* what others said of an attempt */

static void take_call(struct story *story, sqlite3_stmt *s)
{
	struct story_event *e =
		add(story, STORY_CALL, sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 0));

	e->attempt = sqlite3_column_int64(s, 2);
	e->number = sqlite3_column_int64(s, 3);
	e->channel = CHANNEL_VOICE;
	say(e, stmt_text(s, 4), "");
}

static void take_bounce(struct story *story, sqlite3_stmt *s)
{
	struct story_event *e =
		add(story, STORY_BOUNCED, sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 0));

	e->attempt = sqlite3_column_int64(s, 2);
	e->number = sqlite3_column_int64(s, 3);
	e->channel = CHANNEL_MAIL;
	say(e, stmt_text(s, 4), "");
}

/* A rider's call is its leader's. */
static enum store_status said_of(struct store *store, const struct story_event *queued,
				 struct story *story)
{
	int64_t call = queued->number ? queued->number : queued->attempt;
	enum store_status status = STORE_OK;

	if (queued->channel == CHANNEL_VOICE)
		status = take_all(store, story,
				  stmt(store,
				       "SELECT id, at, attempt_id, status, answered_by FROM"
				       " call_event WHERE attempt_id = ?",
				       "i", call),
				  take_call);
	else if (queued->channel == CHANNEL_MAIL)
		status = take_all(store, story,
				  stmt(store,
				       "SELECT id, at, attempt_id, kind, trim(status || ' ' ||"
				       " detail) FROM bounce WHERE attempt_id = ?",
				       "i", queued->attempt),
				  take_bounce);
	return status;
}

/* replies */

#define REPLIES "SELECT id, at, broadcast_id, person_id, way, choice, by FROM reply WHERE "

static void take_reply(struct story *story, sqlite3_stmt *s)
{
	struct story_event *e =
		add(story, STORY_REPLY, sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 0));

	e->broadcast = sqlite3_column_int64(s, 2);
	e->person = sqlite3_column_int64(s, 3);
	e->number = sqlite3_column_int64(s, 4);
	say(e, stmt_text(s, 5), stmt_text(s, 6));
}

static enum store_status replies(struct store *store, const struct story_about *about,
				 struct story *story)
{
	if (about->person)
		return take_all(store, story,
				stmt(store,
				     REPLIES "person_id = ?1 AND broadcast_id IN (SELECT id FROM"
					     " broadcast WHERE ?2 IN (0, id))",
				     "ii", about->person, about->broadcast),
				take_reply);
	int64_t asked_at, from;
	enum store_status status = asked_when(store, about->broadcast, &asked_at);
	if (!status)
		status = first_since(store, "SELECT ifnull(max(id), 0) + 1 FROM reply",
				     "SELECT at FROM reply WHERE id = ?", asked_at, &from);
	if (status)
		return status;
	return take_all(store, story,
			stmt(store,
			     REPLIES "id >= ? AND +broadcast_id = ? ORDER BY id DESC LIMIT ?",
			     "iii", from, about->broadcast, about->most),
			take_reply);
}

/* the broadcast */

static void take_broadcast(struct story *story, sqlite3_stmt *s)
{
	for (int part = 0; part < 3; part++) {
		static const enum story_kind parts[] = {STORY_REQUESTED, STORY_STARTED,
							STORY_FINISHED};
		int64_t at = sqlite3_column_int64(s, 1 + part);
		if (!at)
			continue;
		struct story_event *e = add(story, parts[part], at, sqlite3_column_int64(s, 0));
		e->broadcast = e->id;
		e->number = part == 1 ? 0 : sqlite3_column_int64(s, part ? 7 : 6);
		say(e, part ? "" : stmt_text(s, 4), part ? "" : stmt_text(s, 5));
	}
}

static void take_control(struct story *story, sqlite3_stmt *s)
{
	struct story_event *e =
		add(story, STORY_CONTROL, sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 0));

	e->broadcast = sqlite3_column_int64(s, 2);
	e->number = sqlite3_column_int64(s, 3);
	say(e, "", stmt_text(s, 4));
}

static void take_decision(struct story *story, sqlite3_stmt *s)
{
	struct story_event *e =
		add(story, STORY_DECIDED, sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 0));

	e->telegram = sqlite3_column_int64(s, 2);
	e->broadcast = sqlite3_column_int64(s, 3);
	e->number = sqlite3_column_int64(s, 4);
	say(e, stmt_text(s, 5), stmt_text(s, 6));
}

#define DECISIONS                                                                 \
	"SELECT c.id, c.at, e.telegram_id, ifnull(c.broadcast_id, 0), c.verdict," \
	" c.reason, c.rule FROM decision c JOIN event e ON e.id = c.event_id WHERE "

static enum store_status broadcast(struct store *store, int64_t id, struct story *story)
{
	enum store_status status =
		take_all(store, story,
			 stmt(store,
			      "SELECT id, requested_at, ifnull(started_at, 0),"
			      " iif(state IN (5, 6), ifnull(finished_at, 0), 0), title,"
			      " requested_by, kind, state FROM broadcast WHERE id = ?",
			      "i", id),
			 take_broadcast);

	if (!status)
		status = take_all(store, story,
				  stmt(store,
				       "SELECT id, at, broadcast_id, verb, by FROM control WHERE"
				       " broadcast_id = ?",
				       "i", id),
				  take_control);
	if (!status)
		status =
			take_all(store, story, stmt(store, DECISIONS "c.broadcast_id = ?", "i", id),
				 take_decision);
	return status;
}

/* the telegram */

static void take_telegram(struct story *story, sqlite3_stmt *s)
{
	struct story_event *e =
		add(story, STORY_TELEGRAM, sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 0));

	e->telegram = e->id;
	e->number = sqlite3_column_int64(s, 2);
	say(e, stmt_text(s, 3), stmt_text(s, 4));
}

static void take_event(struct story *story, sqlite3_stmt *s)
{
	struct story_event *e =
		add(story, STORY_EVENT, sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 0));

	e->telegram = sqlite3_column_int64(s, 2);
	say(e, stmt_text(s, 3), "");
}

/* Each broadcast that its decisions asked for comes with it. */
static enum store_status telegram(struct store *store, int64_t id, struct story *story)
{
	enum store_status status = take_all(
		store, story,
		stmt(store, "SELECT id, received_at, state, reason, by FROM telegram WHERE id = ?",
		     "i", id),
		take_telegram);
	size_t decided;

	if (!status && story->count == 0)
		return STORE_NONE;
	if (!status)
		status = take_all(store, story,
				  stmt(store,
				       "SELECT e.id, t.received_at, e.telegram_id, e.title FROM"
				       " event e JOIN telegram t ON t.id = e.telegram_id WHERE"
				       " t.id = ?",
				       "i", id),
				  take_event);
	if (!status)
		status = take_all(store, story, stmt(store, DECISIONS "e.telegram_id = ?", "i", id),
				  take_decision);
	decided = story->count;
	for (size_t i = 0; !status && i < decided; i++) {
		int64_t asked = story->list[i].broadcast;
		size_t first = story->count;
		if (!asked)
			continue;
		status = broadcast(store, asked, story);
		/* The decisions of it stand there already. */
		for (size_t k = first; k < story->count; k++) {
			if (story->list[k].kind != STORY_DECIDED)
				continue;
			free(story->list[k].text);
			free(story->list[k].who);
			story->list[k--] = story->list[--story->count];
		}
	}
	return status;
}

/* the ledger */

static const char *ledger_word(enum story_kind kind)
{
	switch ((int)kind) {
	case STORY_REQUESTED:
		return "broadcast";
	case STORY_CONTROL:
		return "control";
	case STORY_ENDED:
		return "attempt";
	case STORY_BOUNCED:
		return "bounce";
	case STORY_REPLY:
		return "reply";
	default:
		return NULL;
	}
}

static enum store_status find_in_ledger(struct store *store, struct story_event *e)
{
	char subject[48];
	int64_t from;
	const char *word = ledger_word(e->kind);

	if (!word)
		return STORE_OK;
	snprintf(subject, sizeof subject, "%s=%" PRId64, word, e->id);
	enum store_status status =
		first_since(store, "SELECT ifnull(max(id), 0) + 1 FROM audit",
			    "SELECT at FROM audit WHERE id = ?", e->at - LEDGER_EARLIER, &from);
	if (status)
		return status;
	return stmt_number(store,
			   stmt(store,
				"SELECT id FROM audit WHERE id >= ? AND id < ? AND subject = ?"
				" ORDER BY id LIMIT 1",
				"iis", from, from + LEDGER_ROWS, subject),
			   0, &e->ledger);
}

/* all of it */

static int by_time(const void *a, const void *b)
{
	const struct story_event *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static enum store_status name_people(struct store *store, struct story *story)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < story->count; i++) {
		struct story_event *e = &story->list[i];
		char *name = NULL;
		if (e->person <= 0)
			continue;
		status = people_name(store, e->person, &e->user, &name);
		free(name);
		status = status == STORE_NONE ? STORE_OK : status;
	}
	return status;
}

/* The broadcast and person that an attempt was for. STORE_NONE: no such attempt. */
static enum store_status find_delivery(struct store *store, int64_t attempt, int64_t *broadcast_id,
				       int64_t *person)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT d.broadcast_id, d.person_id FROM attempt a JOIN delivery d"
			       " ON d.id = a.delivery_id WHERE a.id = ?",
			       "i", attempt);
	enum store_status status = stmt_row(store, s);

	if (!status) {
		*broadcast_id = sqlite3_column_int64(s, 0);
		*person = sqlite3_column_int64(s, 1);
	}
	stmt_end(s);
	return status;
}

/* Attempts, what was said of each, replies and the broadcasts they belong to. */
static enum store_status people_and_broadcasts(struct store *store, const struct story_about *about,
					       struct story *story)
{
	enum store_status status = attempts(store, about, story);
	size_t count = story->count;

	for (size_t i = 0; !status && i < count; i++)
		if (story->list[i].kind == STORY_QUEUED) {
			const struct story_event queued = story->list[i];
			status = said_of(store, &queued, story);
		}
	if (!status)
		status = replies(store, about, story);
	if (!status && about->broadcast)
		status = broadcast(store, about->broadcast, story);
	return status;
}

enum store_status story_load(struct store *store, const struct story_about *about,
			     struct story *story)
{
	struct story_about whole = *about;
	enum store_status status = STORE_OK;

	*story = (struct story){0};
	if (about->attempt)
		status = find_delivery(store, about->attempt, &whole.broadcast, &whole.person);
	if (!status && about->attempt &&
	    ((about->broadcast && about->broadcast != whole.broadcast) ||
	     (about->person && about->person != whole.person)))
		status = STORE_NONE;
	if (!status && about->telegram)
		status = telegram(store, about->telegram, story);
	else if (!status)
		status = people_and_broadcasts(store, &whole, story);
	if (!status && about->broadcast && story->count == 0)
		status = STORE_NONE;
	if (!status)
		status = name_people(store, story);
	for (size_t i = 0;
	     !status && !about->without_ledger && i < story->count && i < LEDGER_LOOKED_UP; i++)
		status = find_in_ledger(store, &story->list[i]);
	if (story->count)
		qsort(story->list, story->count, sizeof *story->list, by_time);
	if (status)
		story_free(story);
	return status;
}

enum store_status story_outcome(struct store *store, const struct story_about *about, char **text,
				int64_t *due_at)
{
	struct story_about of = *about;
	struct delivery d;
	enum store_status status = STORE_OK;

	*text = NULL;
	*due_at = 0;
	if (of.attempt)
		status = find_delivery(store, of.attempt, &of.broadcast, &of.person);
	if (!status && of.broadcast && of.person) {
		status = delivery_of_person(store, of.broadcast, of.person, &d);
		if (!status) {
			*text = mem_string(delivery_state_phrase(d.state));
			*due_at = d.state == DELIVERY_WAITING ? d.due_at : 0;
		}
	}
	if (!*text)
		*text = mem_string("");
	return status == STORE_NONE ? STORE_OK : status;
}
