#include "dispatcher/feed/wanted.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "dispatcher/feed/intake.h"
#include "dispatcher/feed/rhythm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
	WANTED_MOST = 20000,
	AT_ONCE = 4,      /* fetched side by side */
	DAMAGED_MOST = 3, /* answers that cannot be read, before it is kept as refused */
	RETRY_MS = 2000,  /* first wait after a failure */
};

struct wanted {
	TAILQ_ENTRY(wanted) next;
	struct wanted_list *list;
	char *url;
	bool old;
	int64_t updated; /* UTC, as the feed says; when it was found where it says nothing */
	int tries, damaged;
	int64_t due; /* monotonic */
	bool busy;
	char why[HTTP_WHY]; /* of the last failure */
	struct http_request request;
};

struct wanted_list {
	struct feed *feed;
	struct http_client *client;
	TAILQ_HEAD(wanted_head, wanted) all; /* in the order they are fetched in */
	size_t count, busy;
	void (*changed)(void *arg);
	void *arg;
};

struct wanted_list *wanted_new(struct feed *feed, struct http_client *client)
{
	struct wanted_list *list = mem_alloc(sizeof *list);

	list->feed = feed;
	list->client = client;
	TAILQ_INIT(&list->all);
	return list;
}

static void drop(struct wanted *w)
{
	TAILQ_REMOVE(&w->list->all, w, next);
	w->list->count--;
	buf_free(&w->request.answer);
	free(w->url);
	free(w);
}

void wanted_free(struct wanted_list *list)
{
	struct wanted *w;

	if (!list)
		return;
	while ((w = TAILQ_FIRST(&list->all)))
		drop(w);
	free(list);
}

/* putting in */

static bool comes_before(const struct wanted *a, const struct wanted *b)
{
	return a->old != b->old ? !a->old : a->updated < b->updated;
}

static void insert(struct wanted_list *list, struct wanted *w)
{
	struct wanted *after = TAILQ_LAST(&list->all, wanted_head);

	while (after && comes_before(w, after))
		after = TAILQ_PREV(after, wanted_head, next);
	if (after)
		TAILQ_INSERT_AFTER(&list->all, after, w, next);
	else
		TAILQ_INSERT_HEAD(&list->all, w, next);
	list->count++;
}

static bool is_wanted(const struct wanted_list *list, const char *url)
{
	const struct wanted *w;

	TAILQ_FOREACH(w, &list->all, next)
	if (strcmp(w->url, url) == 0)
		return true;
	return false;
}

static void want(struct wanted_list *list, const struct atom_entry *entry, bool old)
{
	struct wanted *w = mem_alloc(sizeof *w);

	*w = (struct wanted){
		.list = list,
		.url = mem_string(entry->url),
		.old = old,
		.updated = entry->updated ? entry->updated : clock_utc(),
		.due = clock_monotonic(),
	};
	insert(list, w);
}

bool wanted_add(struct wanted_list *list, const struct atom *atom, bool old)
{
	int64_t oldest = clock_utc() - list->feed->settings->feed_age_most;
	size_t skipped = 0, added = 0;

	for (size_t i = 0; i < atom->count; i++) {
		const struct atom_entry *entry = &atom->entries[i];
		int64_t id;
		if (is_wanted(list, entry->url))
			continue;
		enum store_status status =
			telegram_find(list->feed->store, SOURCE_ATOM, entry->url, &id);
		if (status == STORE_OK)
			continue;
		if (status != STORE_NONE || list->count == WANTED_MOST)
			return false;
		if (entry->updated && entry->updated < oldest) {
			skipped++;
			continue;
		}
		want(list, entry, old);
		added++;
	}
	if (skipped)
		log_info("feed.skipped", "telegrams=%zu why=%s age_most_ms=%" PRId64, skipped,
			 log_quote("older than feed.age_most when they were found"),
			 list->feed->settings->feed_age_most);
	if (added)
		log_info("feed.found", "telegrams=%zu waiting=%zu", added, list->count);
	return true;
}

/* fetching */

static struct telegram as_telegram(const struct wanted *w)
{
	return (struct telegram){
		.source = SOURCE_ATOM,
		.key = mem_string(w->url),
		.received_at = clock_utc(),
		.bytes = mem_copy(buf_text(&w->request.answer), w->request.answer.length),
		.length = w->request.answer.length,
	};
}

/* So that it is known for good that it was there, and why nobody acted on it. */
static bool keep_skipped(struct wanted *w)
{
	struct store *store = w->list->feed->store;
	struct telegram t = {
		.source = SOURCE_ATOM,
		.key = w->url,
		.state = TELEGRAM_SKIPPED,
		.reason = mem_format("could not be fetched in %d tries before it was too old to "
				     "matter (feed.age_most): %s",
				     w->tries, w->why),
		.received_at = clock_utc(),
	};
	enum store_status status = store_begin(store);

	if (!status)
		status = telegram_append(store, &t);
	if (!status)
		status = store_commit(store);
	if (status)
		store_rollback(store);
	else
		log_error("feed.given_up", "telegram=%" PRId64 " why=%s", t.id,
			  log_quote(t.reason));
	free(t.reason);
	return !status || status == STORE_CONFLICT;
}

static void try_later(struct wanted *w, const char *why)
{
	int64_t interval = w->list->feed->settings->feed_interval;
	int64_t wait = rhythm_back_off(interval < RETRY_MS ? interval : RETRY_MS, ++w->tries, w->request.retry_after * 1000,
				       (unsigned)random());

	if (why != w->why)
		snprintf(w->why, sizeof w->why, "%s", why);
	w->due = clock_monotonic() + wait;
	log_warning("feed.fetch_failed", "url=%s tries=%d again_in_ms=%" PRId64 " why=%s",
		    log_quote(w->url), w->tries, wait, log_quote(w->why));
}

/* True: it is done with. */
static bool take_telegram(struct wanted *w)
{
	struct telegram t = as_telegram(w);
	enum intake taken = intake_telegram(w->list->feed, &t, w->damaged + 1 >= DAMAGED_MOST);

	if (taken == INTAKE_DAMAGED) {
		w->damaged++;
		try_later(w, t.reason);
	} else if (taken == INTAKE_FAILED) {
		try_later(w, "the store failed");
	}
	telegram_free(&t);
	return taken == INTAKE_DONE || taken == INTAKE_KNOWN;
}

static void on_ended(struct http_request *request, void *arg)
{
	struct wanted *w = arg;
	struct wanted_list *list = w->list;
	char why[HTTP_WHY];

	w->busy = false;
	list->busy--;
	if (request->end != HTTP_ANSWERED) {
		try_later(w, request->why);
	} else if (request->status != 200) {
		snprintf(why, sizeof why, "HTTP status %d", request->status);
		try_later(w, why);
	} else if (request->cut) {
		snprintf(why, sizeof why, "longer than %d bytes", TELEGRAM_MOST);
		try_later(w, why);
	} else if (take_telegram(w)) {
		drop(w);
		w = NULL;
	}
	if (w)
		buf_free(&w->request.answer);
	list->changed(list->arg);
}

static void start(struct wanted *w)
{
	struct wanted_list *list = w->list;

	w->busy = true;
	list->busy++;
	w->request = (struct http_request){.url = w->url, .answer_most = TELEGRAM_MOST};
	http_start(list->client, &w->request, list->feed->settings->feed_timeout, on_ended, w);
}

int64_t wanted_go_on(struct wanted_list *list, void (*changed)(void *arg), void *arg)
{
	int64_t now = clock_monotonic(), next = INT64_MAX;
	int64_t oldest = clock_utc() - list->feed->settings->feed_age_most;
	struct wanted *w, *after;

	list->changed = changed;
	list->arg = arg;
	for (w = TAILQ_FIRST(&list->all); w; w = after) {
		after = TAILQ_NEXT(w, next);
		if (w->busy)
			continue;
		if (w->tries > 0 && w->updated < oldest && keep_skipped(w)) {
			drop(w);
			continue;
		}
		if (w->due <= now && list->busy < AT_ONCE)
			start(w);
		else if (w->due > now && w->due < next)
			next = w->due;
	}
	return next;
}
