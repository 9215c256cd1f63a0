#include "dispatcher/reply/web_answer.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "dispatcher/reply/batch.h"
#include "dispatcher/reply/page.h"
#include "dispatcher/reply/subscribe.h"

#include <stdlib.h>

struct web_answer {
	struct entry entry; /* first */
	struct reply_page page;
	struct question question;
	enum language language;
	enum reply_way way;
	struct answer answer;
	int64_t at; /* UTC milliseconds */
};

static enum store_status append(struct store *store, struct entry *entry)
{
	const struct web_answer *w = (const struct web_answer *)entry;
	char *items = answer_items_json(&w->answer);
	struct reply reply = {
		.broadcast = w->page.broadcast,
		.person = w->page.person,
		.choice = w->question.choice[w->answer.choice].key,
		.items = items,
		.comment = w->answer.comment,
		.way = w->way,
		.by = "",
		.at = w->at,
	};
	enum store_status status = reply_append(store, &reply);

	free(items);
	return status;
}

static void tell(struct entry *entry, bool recorded)
{
	const struct web_answer *w = (const struct web_answer *)entry;
	struct page_view view = {
		.page = &w->page,
		.question = &w->question,
		.language = w->language,
		.organisation = entry->visit.server->settings->tenko_organisation,
		.answer = &w->answer,
		.push_key = subscribe_key(&entry->visit),
	};
	struct buf page = {0};

	if (!recorded) {
		respond_problem(&entry->visit, 503);
		return;
	}
	entry->visit.server->traffic.recorded++;
	page_recorded(&page, &view, w->at);
	respond(&entry->visit, 200, TYPE_HTML, &page);
	buf_free(&page);
}

static void free_web_answer(struct entry *entry)
{
	struct web_answer *w = (struct web_answer *)entry;

	reply_page_free(&w->page);
	question_free(&w->question);
	answer_free(&w->answer);
	free(w);
}

void web_answer_record(const struct visit *visit, struct reply_page *page,
		       struct question *question, enum language language, enum reply_way way,
		       struct answer *answer)
{
	struct web_answer *w = mem_alloc(sizeof *w);

	*w = (struct web_answer){
		.entry = {.visit = *visit, .append = append, .tell = tell, .free = free_web_answer},
		.page = *page,
		.question = *question,
		.language = language,
		.way = way,
		.answer = *answer,
		.at = clock_utc(),
	};
	*page = (struct reply_page){0};
	*question = (struct question){0};
	*answer = (struct answer){0};
	batch_add(visit->server->batch, &w->entry);
}
