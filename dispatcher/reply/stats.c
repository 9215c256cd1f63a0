#include "dispatcher/reply/stats.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/broadcast.h"
#include "common/store/figures.h"
#include "dispatcher/reply/gate.h"
#include "dispatcher/reply/source.h"
#include "dispatcher/reply/stats_queue.h"

#include <event2/bufferevent.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BROADCASTS_MOST = 20 }; /* the newest are shown */

/* who may see it */

/* A proxy on this host connects from loopback for anybody. What it says of them is not believed. */
static bool came_by_proxy(const struct visit *visit)
{
	static const char *const marks[] = {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"};
	struct evkeyvalq *headers = evhttp_request_get_input_headers(visit->request);

	for (size_t i = 0; i < LENGTH(marks); i++)
		if (evhttp_find_header(headers, marks[i]))
			return true;
	return false;
}

static bool from_here(const struct visit *visit)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(visit->request);
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
	struct source peer = source_of_socket(fd);

	return source_is_loopback(&peer) && !came_by_proxy(visit);
}

static bool has_token(const struct visit *visit)
{
	static const char scheme[] = "Bearer ";
	const char *wanted = visit->server->settings->reply_stats_token;
	const char *given = evhttp_find_header(evhttp_request_get_input_headers(visit->request),
					       "Authorization");

	if (!*wanted || !given || strncasecmp(given, scheme, sizeof scheme - 1) != 0)
		return false;
	given += sizeof scheme - 1;
	return strlen(given) == strlen(wanted) && CRYPTO_memcmp(given, wanted, strlen(wanted)) == 0;
}

/* what is shown */

struct ids {
	size_t count;
	int64_t id[BROADCASTS_MOST];
};

static void take_id(const struct broadcast *b, void *arg)
{
	struct ids *ids = arg;

	if (ids->count < BROADCASTS_MOST)
		ids->id[ids->count++] = b->id;
}

static enum store_status add_broadcasts(struct store *store, json_t *all)
{
	struct ids ids = {0};
	enum store_status status = broadcast_each(store, BROADCASTS_MOST, take_id, &ids);

	for (size_t i = 0; i < ids.count && !status; i++) {
		struct figures *figures = NULL;
		status = figures_load(store, ids.id[i], clock_utc(), &figures);
		if (!status)
			json_array_append_new(all, figures_json(figures));
		figures_free(figures);
	}
	return status;
}

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

static void show(struct visit *visit)
{
	struct server *server = visit->server;
	json_t *broadcasts = json_array();
	enum store_status status = add_broadcasts(server->store, broadcasts);
	json_t *all = json_pack(
		"{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o}", "broadcasts", broadcasts, "queue",
		stats_queue(server), "replies", replies_json(&server->traffic), "requests",
		requests_json(&server->traffic), "webhooks_refused",
		(json_int_t)server->traffic.unsigned_webhooks, "hooks_refused",
		(json_int_t)server->traffic.hooks_refused, "wrong_links",
		(json_int_t)server->traffic.wrong_links, "connections", connections_json(server));
	char *text = all ? json_dumps(all, JSON_COMPACT) : NULL;
	struct buf body = {0};

	if (status || !text) {
		log_error("reply.stats", "error=%s", log_quote(store_error(server->store)));
		respond_problem(visit, 503);
	} else {
		buf_format(&body, "%s\n", text);
		respond(visit, 200, TYPE_JSON, &body);
	}
	buf_free(&body);
	free(text);
	json_decref(all);
}

void stats_serve(struct visit *visit, const char *rest)
{
	bool token_is_set = *visit->server->settings->reply_stats_token;

	(void)rest;
	if (from_here(visit) || has_token(visit))
		show(visit);
	else
		respond_wrong(visit, token_is_set ? 401 : 403);
}
