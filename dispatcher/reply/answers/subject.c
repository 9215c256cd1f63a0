#include "dispatcher/reply/answers/subject.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "dispatcher/reply/answers/page.h"
#include "dispatcher/reply/answers/subscribe.h"

#include <inttypes.h>

enum store_status subject_load(struct asked_cache *cache, struct store *store, int64_t broadcast,
			       int64_t person, struct subject *subject, int *problem)
{
	*subject = (struct subject){0};
	*problem = 0;
	enum store_status status = asked_get(cache, store, broadcast, &subject->asked);
	if (!status)
		status = reply_page_of(store, &subject->asked->page, person, &subject->page);
	if (status == STORE_NONE) {
		*problem = 404;
		return STORE_OK;
	}
	if (status)
		return status;
	subject->language = subject->page.language;
	if (clock_utc() >= subject->page.expires_at)
		*problem = 410;
	else if (subject->asked->fault)
		*problem = 503;
	return STORE_OK;
}

void subject_free(struct subject *subject)
{
	reply_page_free(&subject->page);
	asked_release(subject->asked);
	*subject = (struct subject){0};
}

void subject_complain(const struct subject *subject)
{
	const struct asked *asked = subject->asked;

	if (asked && asked->fault)
		log_error("reply.question", "broadcast=%" PRId64 " error=%s", asked->page.broadcast,
			  log_quote(asked->fault));
}

struct page_view subject_view(const struct visit *visit, const struct subject *subject,
			      const struct answer *answer)
{
	struct page_view view = {
		.page = &subject->page,
		.question = &subject->asked->question,
		.language = subject->language,
		.organisation = visit->server->settings->tenko_organisation,
		.answer = answer,
		.push_key = subscribe_key(visit),
	};

	view.common = asked_common(subject->asked, &view);
	return view;
}

void subject_show_fault(const struct visit *visit, const struct subject *subject,
			const struct answer *answer, enum phrase fault)
{
	struct page_view view = subject_view(visit, subject, answer);
	struct buf page = {0};

	page_fault(&page, &view, fault);
	respond(visit, 400, TYPE_HTML, &page);
	buf_free(&page);
}
