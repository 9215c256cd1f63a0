#pragma once

/* Whom a personal link is about, and what they are asked. */

#include "dispatcher/reply/answers/asked.h"
#include "dispatcher/reply/http/respond.h"

struct subject {
	struct asked *asked;
	struct reply_page page;
	enum language language; /* of the pages that are shown */
};

/*
 * From the link's numbers, without the newest reply; the language is the person's. *problem: 0, or the status of the page that says why nothing can be answered. Where the store
 * fails (but for STORE_NONE, which is a problem) that is the result. Is to be freed whatever is said.
 */
MUST_USE enum store_status subject_load(struct asked_cache *cache, struct store *store,
					int64_t broadcast, int64_t person, struct subject *subject,
					int *problem);
void subject_free(struct subject *subject);

/* Says in the log what is wrong with a question that cannot be read. */
void subject_complain(const struct subject *subject);

/* The view of its page; `answer` is what was chosen and written. */
struct page_view subject_view(const struct visit *visit, const struct subject *subject,
			      const struct answer *answer);

/* The form once more, saying what is wrong with the answer. */
void subject_show_fault(const struct visit *visit, const struct subject *subject,
			const struct answer *answer, enum phrase fault);
