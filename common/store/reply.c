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

/* One statement, so that all of it is from one moment. */
static const char page_sql[] =
	"SELECT p.name, p.language, b.kind, b.state, b.title, b.title_en, b.body, b.body_en,"
	" q.choices, q.items, b.requested_at, b.expires_at, r.at, r.choice, r.items, r.comment,"
	" d.id IS NOT NULL, coalesce(p.id > b.fanout_person, 0), p.plan"
	" FROM broadcast b JOIN question q ON q.broadcast_id = b.id JOIN person p ON p.id = ?2"
	" LEFT JOIN delivery d ON d.broadcast_id = b.id AND d.person_id = p.id"
	" LEFT JOIN reply r ON r.id = (SELECT max(id) FROM reply"
	" WHERE broadcast_id = b.id AND person_id = p.id)"
	" WHERE b.id = ?1";

static void read_page(sqlite3_stmt *s, struct reply_page *page)
{
	page->name = mem_string(stmt_text(s, 0));
	page->language = sqlite3_column_int64(s, 1) == LANGUAGE_EN ? LANGUAGE_EN : LANGUAGE_JA;
	page->kind = (enum kind)sqlite3_column_int(s, 2);
	page->state = (enum broadcast_state)sqlite3_column_int(s, 3);
	page->title = mem_string(stmt_text(s, 4));
	page->title_en = mem_string(stmt_text(s, 5));
	page->body = mem_string(stmt_text(s, 6));
	page->body_en = mem_string(stmt_text(s, 7));
	page->choices = mem_string(stmt_text(s, 8));
	page->items = mem_string(stmt_text(s, 9));
	page->requested_at = sqlite3_column_int64(s, 10);
	page->expires_at = sqlite3_column_int64(s, 11);
	page->replied_at = sqlite3_column_int64(s, 12);
	page->choice = mem_string(stmt_text(s, 13));
	page->reply_items = mem_string(page->replied_at ? stmt_text(s, 14) : "[]");
	page->comment = mem_string(stmt_text(s, 15));
	page->plan = sqlite3_column_int64(s, 18);
}

enum store_status reply_page_load(struct store *store, int64_t broadcast, int64_t person,
				  struct reply_page *page)
{
	sqlite3_stmt *s = stmt(store, page_sql, "ii", broadcast, person);
	enum store_status status = stmt_row(store, s);
	bool has_delivery = false, fanout_to_come = false;

	*page = (struct reply_page){.broadcast = broadcast, .person = person};
	if (!status) {
		read_page(s, page);
		has_delivery = sqlite3_column_int(s, 16);
		fanout_to_come = sqlite3_column_int(s, 17);
	}
	stmt_end(s);
	if (!status && !has_delivery) {
		bool included = false;
		if (fanout_to_come)
			status = target_includes(store, broadcast, person, &included);
		if (!status && !included)
			status = STORE_NONE;
	}
	if (status)
		reply_page_free(page);
	return status;
}

void reply_page_free(struct reply_page *page)
{
	char *texts[] = {page->name,    page->title,      page->title_en, page->body,
			 page->body_en, page->items,      page->choice,   page->choices,
			 page->comment, page->reply_items};

	for (size_t i = 0; i < LENGTH(texts); i++)
		free(texts[i]);
	*page = (struct reply_page){0};
}
