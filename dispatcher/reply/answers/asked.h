#pragma once

/*
 * What broadcasts ask, kept ready: texts and question never change once a broadcast was asked for,
 * and thousands answer the same one. A few of them at a time, the ones that were asked for last.
 *
 * A cache is one thread's. What it gives out may be released by any; how pages begin is made by the
 * loop alone.
 */

#include "common/base/must.h"
#include "common/store/reply.h"
#include "common/text/question.h"
#include "dispatcher/reply/answers/page.h"
#include <stdatomic.h>

struct asked_cache;

struct asked {
	struct reply_page page;   /* the broadcast's texts: lent to the page of each person */
	struct question question; /* read from them */
	char *fault;              /* why it cannot be read; NULL: it could */
	/* How its pages begin, by language, and whether it was called off; made when needed. */
	struct buf common[LANGUAGES][2];
	atomic_int users;
};

MUST_USE struct asked_cache *asked_cache_new(void);
void asked_cache_free(struct asked_cache *cache);

/* The settings were read again: what was made from them is made anew. */
void asked_cache_clear(struct asked_cache *cache);

/* Held until asked_release(), whatever becomes of the cache. STORE_NONE: no such broadcast. */
MUST_USE enum store_status asked_get(struct asked_cache *cache, struct store *store,
				     int64_t broadcast, struct asked **asked);
void asked_release(struct asked *asked); /* NULL is allowed */

/* page_common() for a view of it. */
const struct buf *asked_common(struct asked *asked, const struct page_view *view);
