#include "dispatcher/feed/source.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/store/decision.h"
#include "dispatcher/feed/rhythm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	FEED_MOST = 32 << 20,           /* bytes of one answer */
	NOTE_MS = 60 * 1000,            /* the store is told no more often while nothing changes */
	GAP_MS = 5 * 60 * 1000,         /* the short feeds go back ten minutes */
	LONG_AGAIN_MS = 65 * 60 * 1000, /* the long ones are made anew every hour */
	LONG_REST_MS = 10 * 60 * 1000,  /* not sooner after the last time, however often we start */
};

static const char *const kind_names[] = {
#define X(symbol, name) [PULL_##symbol] = name,
	SOURCE_KINDS(X)
#undef X
};

const char *source_kind_name(enum source_kind kind)
{
	return kind_names[kind];
}

static unsigned chance(void)
{
	return (unsigned)random();
}

/* The fault as the store has it was of an earlier run. */
static void recall(struct source *source)
{
	enum store_status status =
		feed_answered(source->feed->store, source->url, &source->answered_at);

	if (status)
		log_error("feed.store", "error=%s", log_quote(store_error(source->feed->store)));
	if (source->kind != PULL_ATOM_LONG)
		return;
	int64_t rest = source->answered_at + LONG_REST_MS - clock_utc();
	if (source->answered_at && rest > 0 && rest <= LONG_REST_MS)
		source->due += rest;
	source->repeats = 1;
}

struct source *source_new(struct feed *feed, enum source_kind kind, const char *url)
{
	struct source *source = mem_alloc(sizeof *source);

	*source = (struct source){
		.feed = feed,
		.kind = kind,
		.url = mem_string(url),
		.shown = mem_copy(url, strcspn(url, "?#")),
		.due = clock_monotonic(),
		.since = clock_monotonic(),
		.noted_at = clock_monotonic() - NOTE_MS,
	};
	recall(source);
	return source;
}

void source_free(struct source *source)
{
	buf_free(&source->request.answer);
	free(source->conditions[0]);
	free(source->conditions[1]);
	free(source->url);
	free(source->shown);
	free(source);
}

static void forget_conditions(struct source *source)
{
	for (size_t i = 0; i < LENGTH(source->conditions); i++) {
		free(source->conditions[i]);
		source->conditions[i] = NULL;
	}
}

void source_prepare(struct source *source)
{
	struct http_request *request = &source->request;
	size_t headers = 0;

	buf_free(&request->answer);
	*request = (struct http_request){.url = source->url, .answer_most = FEED_MOST};
	for (size_t i = 0; i < LENGTH(source->conditions); i++)
		if (source->conditions[i])
			request->headers[headers++] = source->conditions[i];
	source->busy = true;
}

/* What makes the next answer short where nothing is new. */
static void take_conditions(struct source *source)
{
	const struct http_request *request = &source->request;

	if (request->status == 304)
		return;
	forget_conditions(source);
	if (*request->etag)
		source->conditions[0] = mem_format("If-None-Match: %s", request->etag);
	if (*request->modified)
		source->conditions[1] = mem_format("If-Modified-Since: %s", request->modified);
}

static void note(struct source *source, const char *fault, bool changed)
{
	struct store *store = source->feed->store;

	if (!changed && clock_monotonic() - source->noted_at < NOTE_MS)
		return;
	source->noted_at = clock_monotonic();
	if (feed_note(store, source->url, clock_utc(), fault))
		log_error("feed.store", "error=%s", log_quote(store_error(store)));
}

static int64_t interval_of(const struct source *source)
{
	const struct settings *s = source->feed->settings;

	return source->kind == PULL_P2PQUAKE ? s->feed_p2pquake_interval : s->feed_interval;
}

static void succeed(struct source *source)
{
	bool changed = source->failures > 0 || source->answered_at == 0;

	take_conditions(source);
	if (source->stale)
		log_info("feed.fresh", "source=%s url=%s", source_kind_name(source->kind),
			 log_quote(source->shown));
	source->failures = 0;
	source->stale = false;
	source->since = clock_monotonic();
	source->answered_at = clock_utc();
	note(source, "", changed);
	if (source->kind != PULL_ATOM_LONG)
		source->due =
			source->since + rhythm_wait(interval_of(source), clock_utc(), chance());
	else if (source->repeats-- > 0)
		source->due = source->since + LONG_AGAIN_MS;
	else
		source->due = INT64_MAX;
}

static void fail(struct source *source, const char *fault)
{
	int64_t wait = rhythm_back_off(interval_of(source), ++source->failures,
				       source->request.retry_after * 1000, chance());

	forget_conditions(source);
	source->due = clock_monotonic() + wait;
	log_warning("feed.failed", "source=%s url=%s failures=%d again_in_ms=%" PRId64 " why=%s",
		    source_kind_name(source->kind), log_quote(source->shown), source->failures,
		    wait, log_quote(fault));
	note(source, fault, source->failures == 1);
}

void source_answered(struct source *source, const char *fault)
{
	source->busy = false;
	if (fault)
		fail(source, fault);
	else
		succeed(source);
	buf_free(&source->request.answer);
}

bool source_has_gap(const struct source *source)
{
	int64_t gap = clock_utc() - source->answered_at;

	return source->kind == PULL_ATOM && source->answered_at && (gap < 0 || gap > GAP_MS);
}

void source_call(struct source *source)
{
	source->repeats = 1;
	if (!source->busy)
		source->due = clock_monotonic();
}

void source_look(struct source *source)
{
	int64_t silent = clock_monotonic() - source->since;

	if (source->stale || source->due == INT64_MAX ||
	    silent < source->feed->settings->feed_stale_after + interval_of(source))
		return;
	source->stale = true;
	log_error("feed.stale", "source=%s url=%s silent_ms=%" PRId64,
		  source_kind_name(source->kind), log_quote(source->shown), silent);
}
