#include "dispatcher/reply/stats_queue.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/queue/figures.h"
#include "common/store/queued.h"

enum { TIMEOUT_MS = 200, FRESH_MS = 1000, SILENT_MS = 10000 };

/* Milliseconds since the oldest job was handed over, or null. */
static json_t *oldest_age(struct store *store, const struct stream_figures *stream)
{
	int64_t created = 0;

	if (!stream->oldest_id || queued_since(store, stream->oldest_id, &created) != STORE_OK)
		return json_null();
	return json_integer(clock_utc() - created);
}

static json_t *figures_json(struct store *store, const struct queue_figures *figures)
{
	json_t *streams = json_array();

	for (size_t i = 0; i < figures->stream_count; i++) {
		const struct stream_figures *s = &figures->streams[i];
		json_array_append_new(
			streams, json_pack("{s:s, s:i, s:I, s:I, s:o, s:I}", "channel",
					   channel_name(s->channel), "lane", s->lane, "length",
					   (json_int_t)s->length, "pending", (json_int_t)s->pending,
					   "oldest_age_ms", oldest_age(store, s), "workers",
					   (json_int_t)s->consumer_count));
	}
	return json_pack("{s:o, s:I, s:I}", "streams", streams, "results",
			 (json_int_t)figures->results, "dead", (json_int_t)figures->dead);
}

static json_t *ask(struct server *server)
{
	struct settings hurried = *server->settings; /* borrows its texts */
	struct queue_figures figures;
	struct buf fault = {0};
	json_t *json;

	if (hurried.redis_timeout > TIMEOUT_MS)
		hurried.redis_timeout = TIMEOUT_MS;
	if (queue_figures_read(&hurried, &figures, &fault)) {
		json = figures_json(server->store, &figures);
		queue_figures_free(&figures);
	} else {
		log_debug("reply.queue", "error=%s", log_quote(buf_text(&fault)));
		buf_free(&fault);
		json = json_null();
	}
	return json;
}

json_t *stats_queue(struct server *server)
{
	int64_t now = clock_monotonic();

	if (!server->queue_figures || now >= server->queue_figures_until) {
		json_decref(server->queue_figures);
		server->queue_figures = ask(server);
		bool silent = json_is_null(server->queue_figures);
		server->queue_figures_until = clock_monotonic() + (silent ? SILENT_MS : FRESH_MS);
	}
	return json_incref(server->queue_figures);
}
