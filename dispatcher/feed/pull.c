#include "dispatcher/feed/pull.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "dispatcher/feed/answer.h"
#include "dispatcher/feed/source.h"
#include "dispatcher/feed/wanted.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct pull {
	struct feed *feed;
	struct http_client *client;
	struct event *wake;
	struct wanted_list *wanted;
	struct source **sources;
	size_t count;
};

static void wake_at(struct pull *pull, int64_t monotonic)
{
	int64_t ms = monotonic - clock_monotonic();
	struct timeval when = {0};

	if (monotonic == INT64_MAX)
		return;
	if (ms > 0)
		when = (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	evtimer_add(pull->wake, &when);
}

static void wake_now(void *arg)
{
	wake_at(arg, 0);
}

/* answers */

static void call_long_feeds(struct pull *pull)
{
	log_info("feed.gap", "why=%s",
		 log_quote("nothing could be fetched for a while: the long feeds are asked"));
	for (size_t i = 0; i < pull->count; i++)
		if (pull->sources[i]->kind == PULL_ATOM_LONG)
			source_call(pull->sources[i]);
}

/* What is wrong with the answer, or in it; empty: nothing. */
static void look_at(struct pull *pull, struct source *source, struct buf *fault)
{
	const struct http_request *request = &source->request;

	if (request->end != HTTP_ANSWERED)
		buf_text_add(fault, request->why);
	else if (request->status == 304 && (source->conditions[0] || source->conditions[1]))
		return;
	else if (request->status != 200)
		buf_format(fault, "HTTP status %d", request->status);
	else if (request->cut)
		buf_format(fault, "longer than %zu bytes", request->answer_most);
	else if (!answer_take(source, pull->wanted, fault) && !fault->length)
		buf_text_add(fault, "cannot be read");
}

static void on_answer(struct http_request *request, void *arg)
{
	struct source *source = arg;
	struct pull *pull = source->feed->pull;
	struct buf fault = {0};

	(void)request;
	look_at(pull, source, &fault);
	if (!fault.length && source_has_gap(source))
		call_long_feeds(pull);
	source_answered(source, fault.length ? buf_text(&fault) : NULL);
	buf_free(&fault);
	wake_now(pull);
}

/* the rounds */

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct pull *pull = arg;
	int64_t now = clock_monotonic(), next = INT64_MAX;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < pull->count; i++) {
		struct source *source = pull->sources[i];
		if (source->busy)
			continue;
		if (source->due <= now) {
			source_prepare(source);
			http_start(pull->client, &source->request,
				   pull->feed->settings->feed_timeout, on_answer, source);
		} else if (source->due < next) {
			next = source->due;
		}
	}
	int64_t telegram = wanted_go_on(pull->wanted, wake_now, pull);
	wake_at(pull, telegram < next ? telegram : next);
}

/* the beginning and the end */

static void add_sources(struct pull *pull, enum source_kind kind, const char *urls)
{
	char *copy = mem_string(urls), *rest = copy;

	for (char *url; (url = strsep(&rest, " \t\n"));) {
		if (!*url)
			continue;
		pull->sources = mem_resize(pull->sources, pull->count + 1, sizeof *pull->sources);
		pull->sources[pull->count++] = source_new(pull->feed, kind, url);
	}
	free(copy);
}

struct pull *pull_new(struct feed *feed)
{
	const struct settings *s = feed->settings;
	struct pull *pull;

	if (!s->feed_enabled)
		return NULL;
	pull = mem_alloc(sizeof *pull);
	pull->feed = feed;
	srandom((unsigned)time(NULL) ^ (unsigned)clock_monotonic());
	pull->client = http_client_on(feed->base, s->feed_allow_private);
	if (!pull->client)
		abort(); /* out of memory */
	pull->wanted = wanted_new(feed, pull->client);
	pull->wake = evtimer_new(feed->base, on_wake, pull);
	add_sources(pull, PULL_ATOM, s->feed_atom_urls);
	add_sources(pull, PULL_P2PQUAKE, s->feed_p2pquake_url);
	add_sources(pull, PULL_CAP, s->feed_cap_urls);
	add_sources(pull, PULL_ATOM_LONG, s->feed_atom_long_urls);
	wake_at(pull, 0);
	log_info("feed.pulling", "sources=%zu", pull->count);
	return pull;
}

void pull_free(struct pull *pull)
{
	if (!pull)
		return;
	http_client_free(pull->client);
	wanted_free(pull->wanted);
	event_free(pull->wake);
	for (size_t i = 0; i < pull->count; i++)
		source_free(pull->sources[i]);
	free(pull->sources);
	free(pull);
}

void pull_look(struct pull *pull)
{
	for (size_t i = 0; i < pull->count; i++)
		source_look(pull->sources[i]);
}
