#include "common/store/reply.h"

#include "common/base/mem.h"
#include "common/store/broadcast.h"
#include "common/store/recorded.h"
#include "common/store/stmt.h"

#include <stdlib.h>

enum store_status reply_append(struct store *store, struct reply *reply)
{
	enum store_status status = stmt_run(
		store,
		stmt(store,
		     "INSERT INTO reply(broadcast_id, person_id, choice, items, comment, way, by, at)"
		     " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		     "iikkkiki", reply->broadcast, reply->person, reply->choice, reply->items,
		     reply->comment, (int64_t)reply->way, reply->by, reply->at));

	if (status)
		return status;
	reply->id = stmt_last_id(store);
	return recorded_append(store, RECORDED_REPLY, reply->who ? reply->who : "person",
			       reply->id);
}

enum store_status reply_given(struct store *store, int64_t broadcast, int64_t person,
			      enum reply_way way, int64_t from, int64_t to, bool *given)
{
	int64_t found = 0;
	enum store_status status = stmt_number(
		store,
		stmt(store,
		     "SELECT EXISTS (SELECT 1 FROM reply WHERE broadcast_id=? AND person_id=?"
		     " AND way=? AND at BETWEEN ? AND ?)",
		     "iiiii", broadcast, person, (int64_t)way, from, to),
		0, &found);

	*given = found != 0;
	return status;
}

/* the page */

enum store_status reply_page_asked(struct store *store, int64_t broadcast, struct reply_page *asked)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT b.kind, b.title, b.title_en, b.body, b.body_en, q.choices,"
			       " q.items, b.requested_at"
			       " FROM broadcast b JOIN question q ON q.broadcast_id = b.id"
			       " WHERE b.id = ?",
			       "i", broadcast);
	enum store_status status = stmt_row(store, s);

	*asked = (struct reply_page){.broadcast = broadcast};
	if (!status) {
		asked->kind = (enum kind)sqlite3_column_int(s, 0);
		asked->title = mem_string(stmt_text(s, 1));
		asked->title_en = mem_string(stmt_text(s, 2));
		asked->body = mem_string(stmt_text(s, 3));
		asked->body_en = mem_string(stmt_text(s, 4));
		asked->choices = mem_string(stmt_text(s, 5));
		asked->items = mem_string(stmt_text(s, 6));
		asked->requested_at = sqlite3_column_int64(s, 7);
	}
	stmt_end(s);
	return status;
}

static void read_person(sqlite3_stmt *s, struct reply_page *page)
{
	page->name = mem_string(stmt_text(s, 0));
	page->language = sqlite3_column_int64(s, 1) == LANGUAGE_EN ? LANGUAGE_EN : LANGUAGE_JA;
	page->plan = sqlite3_column_int64(s, 2);
	page->state = (enum broadcast_state)sqlite3_column_int(s, 3);
	page->expires_at = sqlite3_column_int64(s, 4);
	page->choice = mem_string("");
	page->reply_items = mem_string("[]");
	page->comment = mem_string("");
}

/* One statement: where the fan-out stands, and whether it has made the delivery, at one moment. */
static const char person_sql[] =
	"SELECT p.name, p.language, p.plan, b.state, b.expires_at, d.id IS NOT NULL,"
	" coalesce(p.id > b.fanout_person, 0)"
	" FROM broadcast b JOIN person p ON p.id = ?2"
	" LEFT JOIN delivery d ON d.broadcast_id = b.id AND d.person_id = p.id"
	" WHERE b.id = ?1";

enum store_status reply_page_of(struct store *store, const struct reply_page *asked, int64_t person,
				struct reply_page *page)
{
	sqlite3_stmt *s = stmt(store, person_sql, "ii", asked->broadcast, person);
	enum store_status status = stmt_row(store, s);
	bool has_delivery = false, fanout_to_come = false;

	*page = *asked;
	page->person = person;
	page->lent = true;
	if (!status) {
		read_person(s, page);
		has_delivery = sqlite3_column_int(s, 5);
		fanout_to_come = sqlite3_column_int(s, 6);
	}
	stmt_end(s);
	if (!status && !has_delivery) {
		bool included = false;
		if (fanout_to_come)
			status = target_includes(store, asked->broadcast, person, &included);
		if (!status && !included)
			status = STORE_NONE;
	}
	if (status)
		reply_page_free(page);
	return status;
}

static void replace(char **text, const char *with)
{
	free(*text);
	*text = mem_string(with);
}

enum store_status reply_page_newest(struct store *store, struct reply_page *page)
{
	sqlite3_stmt *s = stmt(store,
			       "SELECT at, choice, items, comment FROM reply"
			       " WHERE broadcast_id=? AND person_id=? ORDER BY id DESC LIMIT 1",
			       "ii", page->broadcast, page->person);
	enum store_status status = stmt_row(store, s);

	if (!status) {
		page->replied_at = sqlite3_column_int64(s, 0);
		replace(&page->choice, stmt_text(s, 1));
		replace(&page->reply_items, stmt_text(s, 2));
		replace(&page->comment, stmt_text(s, 3));
	}
	stmt_end(s);
	return status == STORE_NONE ? STORE_OK : status;
}

enum store_status reply_page_load(struct store *store, int64_t broadcast, int64_t person,
				  struct reply_page *page)
{
	struct reply_page asked;
	enum store_status status = reply_page_asked(store, broadcast, &asked);

	*page = (struct reply_page){0};
	if (!status)
		status = reply_page_of(store, &asked, person, page);
	if (status) {
		reply_page_free(&asked);
		return status;
	}
	page->lent = false; /* the texts are its own now */
	status = reply_page_newest(store, page);
	if (status)
		reply_page_free(page);
	return status;
}

void reply_page_free(struct reply_page *page)
{
	char *own[] = {page->name, page->choice, page->comment, page->reply_items};
	char *shared[] = {page->title,   page->title_en, page->body,
			  page->body_en, page->choices,  page->items};

	for (size_t i = 0; i < LENGTH(own); i++)
		free(own[i]);
	for (size_t i = 0; !page->lent && i < LENGTH(shared); i++)
		free(shared[i]);
	*page = (struct reply_page){0};
}
