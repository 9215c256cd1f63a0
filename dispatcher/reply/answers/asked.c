#include "dispatcher/reply/answers/asked.h"

#include "common/base/mem.h"

#include <stdlib.h>

enum { SLOTS = 32 }; /* broadcasts, each in the slot that its id says */

struct asked_cache {
	struct asked *slot[SLOTS];
};

struct asked_cache *asked_cache_new(void)
{
	return mem_alloc(sizeof(struct asked_cache));
}

void asked_release(struct asked *asked)
{
	if (!asked || atomic_fetch_sub(&asked->users, 1) > 1)
		return;
	for (int language = 0; language < LANGUAGES; language++)
		for (int off = 0; off < 2; off++)
			buf_free(&asked->common[language][off]);
	question_free(&asked->question);
	reply_page_free(&asked->page);
	free(asked->fault);
	free(asked);
}

void asked_cache_clear(struct asked_cache *cache)
{
	for (size_t i = 0; i < SLOTS; i++) {
		asked_release(cache->slot[i]);
		cache->slot[i] = NULL;
	}
}

void asked_cache_free(struct asked_cache *cache)
{
	if (!cache)
		return;
	asked_cache_clear(cache);
	free(cache);
}

static struct asked *read_question(const struct reply_page *page)
{
	struct asked *asked = mem_alloc(sizeof *asked);
	struct buf fault = {0};

	asked->page = *page;
	if (!question_from_json(page->choices, page->items, &asked->question, &fault))
		asked->fault = buf_take(&fault);
	buf_free(&fault);
	return asked;
}

enum store_status asked_get(struct asked_cache *cache, struct store *store, int64_t broadcast,
			    struct asked **asked)
{
	struct asked **slot = &cache->slot[broadcast % SLOTS];
	struct reply_page page;

	*asked = NULL;
	if (!*slot || (*slot)->page.broadcast != broadcast) {
		enum store_status status = reply_page_asked(store, broadcast, &page);
		if (status)
			return status;
		asked_release(*slot);
		*slot = read_question(&page);
		(*slot)->users = 1; /* the slot */
	}
	*asked = *slot;
	(*asked)->users++;
	return STORE_OK;
}

const struct buf *asked_common(struct asked *asked, const struct page_view *view)
{
	struct buf *common =
		&asked->common[view->language][view->page->state == BROADCAST_CANCELLED];

	if (common->length == 0)
		page_common(common, view);
	return common;
}
