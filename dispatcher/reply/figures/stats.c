#include "dispatcher/reply/figures/stats.h"

#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/utf8.h"
#include "common/hazard/decide.h"
#include "dispatcher/reply/http/gate.h"
#include "dispatcher/reply/figures/reading.h"
#include "dispatcher/reply/figures/watchers.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number; null where it is less than nothing: there is none. */
static json_t *known_json(int64_t number)
{
	return number < 0 ? json_null() : json_integer(number);
}

/* Somebody else's words: JSON has no place for bytes that are no UTF-8. */
static json_t *text_json(const char *text)
{
	return json_string(utf8_valid(text, strlen(text)) ? text : "?");
}

static json_t *broadcasts_json(const struct reading *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->broadcast_count; i++)
		json_array_append_new(list, figures_json(r->broadcasts[i]));
	return list;
}

/* totals */

static json_t *outcomes_json(const int64_t counts[CHANNEL_END][OUTCOME_END])
{
	json_t *channels = json_object();

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		json_t *outcomes = json_object();
		for (int o = OUTCOME_NONE + 1; o < OUTCOME_END; o++)
			if (counts[c][o])
				json_object_set_new(outcomes, outcome_name((enum outcome)o),
						    json_integer(counts[c][o]));
		json_object_set_new(channels, channel_name((enum channel)c), outcomes);
	}
	return channels;
}

static json_t *telegrams_json(const struct totals *t)
{
	json_t *sources = json_object();

	for (int source = SOURCE_NONE + 1; source < SOURCE_END; source++) {
		json_t *states = json_object();
		for (int state = TELEGRAM_RECEIVED + 1; state < TELEGRAM_STATE_END; state++)
			if (t->telegrams[source][state])
				json_object_set_new(states,
						    telegram_state_name((enum telegram_state)state),
						    json_integer(t->telegrams[source][state]));
		json_object_set_new(sources, telegram_source_name((enum telegram_source)source),
				    states);
	}
	return json_pack("{s:I, s:o}", "waiting", (json_int_t)t->telegrams_waiting, "settled",
			 sources);
}

static json_t *decisions_json(const struct totals *t)
{
	json_t *decisions = json_object();

	for (int verdict = VERDICT_NONE + 1; verdict < VERDICT_END; verdict++)
		json_object_set_new(decisions, verdict_name((enum verdict)verdict),
				    json_integer(t->decisions[verdict]));
	return decisions;
}

/* the queue */

static json_t *streams_json(const struct reading *r)
{
	json_t *streams = json_array();

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		for (int lane = 0; lane < LANES; lane++) {
			const struct posted_stream *s = &r->queue.streams[c][lane];
			if (!s->exists)
				continue;
			json_array_append_new(streams,
					      json_pack("{s:s, s:i, s:I, s:I, s:o, s:i}", "channel",
							channel_name((enum channel)c), "lane", lane,
							"length", (json_int_t)s->length, "pending",
							(json_int_t)s->pending, "oldest_age_ms",
							known_json(reading_oldest(r, s)), "workers",
							(int)s->workers));
		}
	}
	return streams;
}

static json_t *queue_json(const struct reading *r)
{
	const struct posted_queue *q = &r->queue;
	json_t *in_flight = json_object();

	if (!reading_has_queue(r)) {
		json_decref(in_flight);
		return json_null();
	}
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		json_object_set_new(in_flight, channel_name((enum channel)c),
				    json_integer(q->in_flight[c]));
	return json_pack("{s:o, s:o, s:I, s:I, s:I}", "streams", streams_json(r), "in_flight",
			 in_flight, "results", (json_int_t)q->results, "results_lag_ms",
			 (json_int_t)q->results_age, "dead", (json_int_t)q->dead);
}

static json_t *workers_json(const struct reading *r)
{
	json_t *workers = json_array();

	for (int64_t i = 0; reading_has_queue(r) && i < r->queue.worker_count; i++) {
		const struct posted_worker *w = &r->queue.workers[i];
		json_array_append_new(workers,
				      json_pack("{s:o, s:s, s:b, s:I, s:I}", "worker",
						text_json(w->name), "channel",
						channel_name((enum channel)w->channel), "up",
						(int)reading_worker_is_up(r, w), "pending",
						(json_int_t)w->pending, "idle_ms",
						(json_int_t)(w->idle + r->queue_age)));
	}
	return workers;
}

/* How many took at most so long, as in /metrics. */
static json_t *histogram_json(const struct histogram *h)
{
	json_t *up_to = json_object();
	char limit[24];

	for (int step = 0; step < HISTOGRAM_STEPS; step++) {
		snprintf(limit, sizeof limit, "%lld", (long long)histogram_limit(step));
		json_object_set_new(up_to, limit, json_integer(histogram_up_to(h, step)));
	}
	return json_pack("{s:I, s:I, s:o}", "count",
			 (json_int_t)histogram_up_to(h, HISTOGRAM_STEPS), "sum_ms",
			 (json_int_t)h->sum, "up_to_ms", up_to);
}

/* health */

static json_t *channels_json(const struct totals *t)
{
	json_t *channels = json_object();

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		bool up = t->down[c].since == 0;
		json_object_set_new(channels, channel_name((enum channel)c),
				    json_pack("{s:b, s:o}", "up", (int)up, "reason",
					      up ? json_null() : text_json(t->down[c].reason)));
	}
	return channels;
}

static json_t *processes_json(const struct reading *r)
{
	json_t *processes = json_array();
	bool known = r->children_state == BOARD_FRESH;

	for (int64_t i = 0; i < r->children.count; i++) {
		const struct posted_child *c = &r->children.list[i];
		json_array_append_new(processes,
				      json_pack("{s:o, s:o, s:I}", "process", text_json(c->name),
						"up", known ? json_boolean(c->up) : json_null(),
						"restarts", (json_int_t)c->restarts));
	}
	return processes;
}

static json_t *feeds_json(const struct reading *r)
{
	json_t *feeds = json_array();

	for (size_t i = 0; i < r->feed_count; i++) {
		const struct feed_reading *f = &r->feeds[i];
		int64_t age = r->now > f->answered_at ? r->now - f->answered_at : 0;
		json_array_append_new(feeds,
				      json_pack("{s:o, s:b, s:o}", "feed", text_json(f->shown),
						"up", (int)f->sound, "age_ms",
						known_json(f->answered_at ? age : -1)));
	}
	return feeds;
}

/* this process */

static json_t *requests_json(const struct traffic *traffic)
{
	json_t *requests = json_object();

	for (int status = 0; status < STATUS_END; status++) {
		char name[16];
		if (!traffic->by_status[status])
			continue;
		snprintf(name, sizeof name, "%d", status);
		json_object_set_new(requests, name, json_integer(traffic->by_status[status]));
	}
	return requests;
}

static json_t *replies_json(const struct traffic *traffic)
{
	return json_pack("{s:I, s:I}", "recorded", (json_int_t)traffic->recorded, "commits",
			 (json_int_t)traffic->commits);
}

static json_t *connections_json(const struct server *server)
{
	return json_pack("{s:i, s:I, s:I}", "open", gates_count(server->gates), "dropped",
			 (json_int_t)server->traffic.dropped, "crowded",
			 (json_int_t)server->traffic.crowded);
}

/* all of it */

static void add_endpoint(json_t *all, const struct server *server)
{
	const struct traffic *traffic = &server->traffic;

	json_object_set_new(all, "replies", replies_json(traffic));
	json_object_set_new(all, "reply_latency", histogram_json(&traffic->latency));
	json_object_set_new(all, "requests", requests_json(traffic));
	json_object_set_new(all, "webhooks_refused", json_integer(traffic->unsigned_webhooks));
	json_object_set_new(all, "hooks_refused", json_integer(traffic->hooks_refused));
	json_object_set_new(all, "wrong_links", json_integer(traffic->wrong_links));
	json_object_set_new(all, "connections", connections_json(server));
}

static void add_health(json_t *all, const struct reading *r)
{
	json_object_set_new(all, "workers", workers_json(r));
	json_object_set_new(all, "processes", processes_json(r));
	json_object_set_new(all, "channels", channels_json(&r->totals));
	json_object_set_new(all, "feeds", feeds_json(r));
	json_object_set_new(
		all, "board_age_ms",
		json_pack("{s:o, s:o}", "scheduler",
			  known_json(r->queue_state == BOARD_NONE ? -1 : r->queue_age), "tenkod",
			  known_json(r->children_state == BOARD_NONE ? -1 : r->children_age)));
	json_object_set_new(all, "store",
			    json_pack("{s:o, s:o, s:o, s:I}", "database_bytes",
				      known_json(r->database_bytes), "wal_bytes",
				      known_json(r->wal_bytes), "free_bytes",
				      known_json(r->free_bytes), "ledger_head",
				      (json_int_t)r->totals.ledger_head));
	json_object_set_new(all, "build",
			    json_pack("{s:s, s:i}", "version", TENKO_VERSION, "schema",
				      store_schema(r->server->store)));
}

json_t *stats_json(const struct reading *r)
{
	json_t *all = json_object();

	json_object_set_new(all, "broadcasts", broadcasts_json(r));
	json_object_set_new(all, "accounting_difference", json_integer(r->unaccounted));
	json_object_set_new(all, "attempts", outcomes_json(r->totals.attempts));
	json_object_set_new(all, "drill_attempts", outcomes_json(r->totals.drill_attempts));
	json_object_set_new(all, "telegrams", telegrams_json(&r->totals));
	json_object_set_new(all, "decisions", decisions_json(&r->totals));
	json_object_set_new(all, "queue", queue_json(r));
	json_object_set_new(all, "stop_latency", histogram_json(&r->queue.stop_latency));
	add_endpoint(all, r->server);
	add_health(all, r);
	return all;
}

static char *all_text(const struct reading *r)
{
	json_t *all = stats_json(r);
	char *text = json_dumps(all, JSON_COMPACT);

	json_decref(all);
	return text;
}

void stats_serve(struct visit *visit, const char *rest)
{
	struct reading *reading;
	struct buf body = {0};
	char *text = NULL;

	(void)rest;
	if (!watchers_let_in(visit))
		return;
	if (reading_take(visit->server, &reading) == STORE_OK)
		text = all_text(reading);
	if (text) {
		buf_format(&body, "%s\n", text);
		respond(visit, 200, TYPE_JSON, &body);
	} else {
		log_error("reply.stats", "error=%s", log_quote(store_error(visit->server->store)));
		respond_problem(visit, 503);
	}
	buf_free(&body);
	free(text);
	reading_free(reading);
}
