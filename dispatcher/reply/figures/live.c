#include "dispatcher/reply/figures/live.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/store/curve.h"
#include "dispatcher/reply/http/gate.h"
#include "dispatcher/reply/figures/reading.h"
#include "dispatcher/reply/figures/stats.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
	TICK_MS = 1000,
	QUIET_TICKS = 4, /* without news, so that a watcher knows the connection is there */
	WATCHERS_MOST = 50,
	UNSENT_MOST = 1024 * 1024, /* who takes so little is cut off, and comes again by himself */
	SHOWN = 6,		   /* broadcasts */
	CURVE_POINTS = 120,
	GROUPS = 200,
};

struct watcher {
	TAILQ_ENTRY(watcher) next;
	struct live *live;
	struct evhttp_request *request;
	struct gate *gate;
};

struct live {
	struct server *server;
	struct event *tick;
	TAILQ_HEAD(watcher_list, watcher) watchers;
	int count;
	char *told; /* what they know; NULL: nothing yet */
	int quiet;
};

/* what is told */

static json_t *choices_json(const struct figures *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->answer_count; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:I}", "ja", f->answers[i].label[LANGUAGE_JA],
						"en", f->answers[i].label[LANGUAGE_EN], "people",
						(json_int_t)f->answers[i].people));
	return list;
}

/* Seconds from the beginning, answers by then. */
static enum store_status curve_json(struct store *store, const struct figures *f, json_t *list)
{
	struct curve_point points[CURVE_POINTS];
	size_t count;
	enum store_status status = curve_load(store, f->broadcast, points, CURVE_POINTS, &count);

	for (size_t i = 0; !status && i < count; i++) {
		int64_t at = points[i].at - f->requested_at;
		json_array_append_new(list, json_pack("[I, I]", (json_int_t)(at > 0 ? at / 1000 : 0),
						      (json_int_t)points[i].answers));
	}
	return status;
}

static enum store_status groups_json(struct store *store, const struct figures *f, json_t *list)
{
	struct group_figure *groups = mem_array(GROUPS, sizeof *groups);
	size_t count = 0;
	enum store_status status =
		group_figures_load(store, f->broadcast, groups, GROUPS, &count);

	for (size_t i = 0; !status && i < count; i++)
		json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "name", groups[i].name,
						      "people", (json_int_t)groups[i].people,
						      "answered", (json_int_t)groups[i].answered));
	group_figures_free(groups, count);
	free(groups);
	return status;
}

/* What the dashboard draws beside the figures that all monitoring is told. */
static enum store_status add_pictures(const struct reading *r, json_t *broadcasts)
{
	struct store *store = r->server->store;
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < json_array_size(broadcasts); i++) {
		json_t *json = json_array_get(broadcasts, i), *curve = json_array(),
		       *groups = json_array();
		status = curve_json(store, r->broadcasts[i], curve);
		if (!status)
			status = groups_json(store, r->broadcasts[i], groups);
		json_object_set_new(json, "choices", choices_json(r->broadcasts[i]));
		json_object_set_new(json, "curve", curve);
		json_object_set_new(json, "groups", groups);
	}
	return status;
}

/* Without the time, by which alone nobody learns anything. NULL: the store failed. */
static char *figures_text(struct server *server)
{
	struct reading *reading;
	char *text = NULL;

	if (reading_take(server, &reading) == STORE_OK) {
		json_t *all = stats_json(reading), *broadcasts = json_object_get(all, "broadcasts");
		while (json_array_size(broadcasts) > SHOWN)
			json_array_remove(broadcasts, json_array_size(broadcasts) - 1);
		if (add_pictures(reading, broadcasts) == STORE_OK)
			text = json_dumps(all, JSON_COMPACT);
		json_decref(all);
	}
	if (!text)
		log_error("reply.live", "error=%s", log_quote(store_error(server->store)));
	reading_free(reading);
	return text;
}

/* telling */

static void tell(const struct watcher *w, const char *text)
{
	struct evbuffer *event = evbuffer_new();
	char at[CLOCK_TEXT];

	/* The object's first field, and the rest as it stands. */
	evbuffer_add_printf(event, "data: {\"at\":\"%s\",%s\n\n", clock_utc_text(clock_utc(), at),
			    text + 1);
	evhttp_send_reply_chunk(w->request, event);
	evbuffer_free(event);
}

static void schedule(struct live *live)
{
	const struct timeval wait = {.tv_sec = TICK_MS / 1000, .tv_usec = TICK_MS % 1000 * 1000};

	if (live->count > 0)
		evtimer_add(live->tick, &wait);
}

static void tell_all(struct live *live)
{
	struct watcher *w, *following;

	for (w = TAILQ_FIRST(&live->watchers); w; w = following) {
		following = TAILQ_NEXT(w, next);
		if (gate_unsent(w->gate) > UNSENT_MOST)
			gate_cut(w->gate);
		else
			tell(w, live->told);
	}
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct live *live = arg;
	char *text = figures_text(live->server);
	bool news = text && (!live->told || strcmp(text, live->told) != 0);

	(void)fd;
	(void)what;
	if (news) {
		free(live->told);
		live->told = text;
	} else {
		free(text);
	}
	if (live->told && (news || ++live->quiet >= QUIET_TICKS)) {
		live->quiet = 0;
		tell_all(live);
	}
	schedule(live);
}

/* watchers */

static void on_closed(void *arg)
{
	struct watcher *w = arg;
	struct live *live = w->live;

	TAILQ_REMOVE(&live->watchers, w, next);
	/* evhttp leaves a request to us that it was not done with; ending it frees it. */
	if (!evhttp_request_get_connection(w->request))
		evhttp_send_reply_end(w->request);
	free(w);
	if (--live->count > 0)
		return;
	evtimer_del(live->tick);
	free(live->told);
	live->told = NULL;
}

void live_watch(struct live *live, struct visit *visit)
{
	struct gate *gate = gate_of(live->server->gates, visit->request);

	if (!gate || live->count >= WATCHERS_MOST) {
		respond_problem(visit, 503);
		return;
	}
	if (!live->told)
		live->told = figures_text(live->server);
	if (!live->told) {
		respond_problem(visit, 503);
		return;
	}
	struct watcher *w = mem_alloc(sizeof *w);
	*w = (struct watcher){.live = live, .request = visit->request, .gate = gate};
	TAILQ_INSERT_TAIL(&live->watchers, w, next);
	if (live->count++ == 0)
		schedule(live);
	gate_stream(gate, on_closed, w);
	respond_begin(visit, TYPE_EVENTS);
	tell(w, live->told);
}

void live_end(struct live *live)
{
	struct watcher *w, *following;

	for (w = TAILQ_FIRST(&live->watchers); w; w = following) {
		following = TAILQ_NEXT(w, next);
		gate_cut(w->gate);
	}
}

struct live *live_new(struct server *server)
{
	struct live *live = mem_alloc(sizeof *live);

	live->server = server;
	TAILQ_INIT(&live->watchers);
	live->tick = evtimer_new(server->base, on_tick, live);
	return live;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	struct watcher *w;
	while ((w = TAILQ_FIRST(&live->watchers))) {
		TAILQ_REMOVE(&live->watchers, w, next);
		free(w);
	}
	event_free(live->tick);
	free(live->told);
	free(live);
}
