#include "dispatcher/reply/answers/web_answer.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "dispatcher/reply/answers/batch.h"
#include "dispatcher/reply/answers/page.h"
#include "dispatcher/reply/answers/subject.h"
#include "dispatcher/reply/answers/subscribe.h"

#include <stdlib.h>
#include <string.h>

struct web_answer {
	struct entry entry; /* first */
	struct form form;
	struct web_wishes wishes;
	int64_t at; /* UTC milliseconds */
	/* found in the transaction */
	struct subject subject;
	struct answer answer;
	int problem; /* the status of the page that says so; 0: none */
	enum answer_fault fault;
};

void web_wishes_read(const struct form *form, struct web_wishes *wishes)
{
	const char *name = form_value(form, "lang"), *by = form_value(form, "by");

	wishes->has_language |= name && language_by_name(name, &wishes->language);
	/* ?by=push, as the link of a notification has it. */
	if (by && strcmp(by, reply_way_name(WAY_PUSH)) == 0)
		wishes->way = WAY_PUSH;
}

static void forget(struct web_answer *w)
{
	subject_free(&w->subject);
	answer_free(&w->answer);
}

static enum store_status put(struct store *store, const struct web_answer *w)
{
	char *items = answer_items_json(&w->answer);
	struct reply reply = {
		.broadcast = w->entry.visit.broadcast,
		.person = w->entry.visit.person,
		.choice = w->subject.asked->question.choice[w->answer.choice].key,
		.items = items,
		.comment = w->answer.comment,
		.way = w->wishes.way,
		.by = "",
		.at = w->at,
	};
	enum store_status status = reply_append(store, &reply);

	free(items);
	return status;
}

/* What nothing can be recorded of is no fault of the store's: the others go on. */
static enum store_status append(struct store *store, struct asked_cache *asked, struct entry *entry)
{
	struct web_answer *w = (struct web_answer *)entry;
	const struct visit *visit = &entry->visit;

	forget(w);
	enum store_status status = subject_load(asked, store, visit->broadcast, visit->person,
						&w->subject, &w->problem);
	if (status || w->problem)
		return status;
	w->fault = answer_read(&w->form, &w->subject.asked->question, &w->answer);
	return w->fault ? STORE_OK : put(store, w);
}

static void show_recorded(const struct visit *visit, const struct web_answer *w)
{
	struct page_view view = subject_view(visit, &w->subject, &w->answer);
	struct buf page = {0};

	visit->server->traffic.recorded++;
	histogram_add(&visit->server->traffic.latency, clock_monotonic() - visit->began);
	page_recorded(&page, &view, w->at);
	respond(visit, 200, TYPE_HTML, &page);
	buf_free(&page);
}

static void tell(struct entry *entry, bool recorded)
{
	static const enum phrase phrases[] = {
		[ANSWER_NO_CHOICE] = PHRASE_CHOOSE,
		[ANSWER_ITEM_LONG] = PHRASE_ITEM_LONG,
		[ANSWER_COMMENT_LONG] = PHRASE_COMMENT_LONG,
	};
	struct web_answer *w = (struct web_answer *)entry;
	struct visit *visit = &entry->visit;

	if (w->problem == 404) {
		respond_wrong(visit, w->problem);
	} else if (w->problem || !recorded) {
		subject_complain(&w->subject);
		respond_problem(visit, w->problem ? w->problem : 503);
	} else {
		visit->script = subscribe_offered(visit->server, &w->subject.page);
		if (w->wishes.has_language)
			w->subject.language = w->wishes.language;
		if (w->fault)
			subject_show_fault(visit, &w->subject, &w->answer, phrases[w->fault]);
		else
			show_recorded(visit, w);
	}
}

static void free_web_answer(struct entry *entry)
{
	struct web_answer *w = (struct web_answer *)entry;

	forget(w);
	form_free(&w->form);
	free(w);
}

void web_answer_record(const struct visit *visit, struct form *form,
		       const struct web_wishes *wishes)
{
	struct web_answer *w = mem_alloc(sizeof *w);

	w->entry = (struct entry){
		.visit = *visit, .append = append, .tell = tell, .free = free_web_answer};
	w->form = *form;
	w->wishes = *wishes;
	w->at = clock_utc();
	*form = (struct form){0};
	batch_add(visit->server->batch, &w->entry);
}
