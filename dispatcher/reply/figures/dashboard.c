#include "dispatcher/reply/figures/dashboard.h"

#include "common/base/embed.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/store/listing.h"
#include "common/text/form.h"
#include "dispatcher/reply/figures/live.h"
#include "dispatcher/reply/figures/watchers.h"

#include <event2/buffer.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

EMBED(dashboard_page, "dispatcher/reply/figures/dashboard.html");
EMBED(dashboard_style, "dispatcher/reply/figures/dashboard.css");
EMBED(dashboard_script, "dispatcher/reply/figures/dashboard.js");

#define TYPE_STYLE "text/css; charset=utf-8"

/* Both languages, as nobody knows yet who asks. No script: it works in any browser. */
static const char entrance[] =
	"<!doctype html><html lang=ja><meta charset=utf-8>"
	"<meta name=viewport content=\"width=device-width,initial-scale=1\"><title>点呼 Tenko</title>"
	"<link rel=icon href=\"data:,\"><link rel=stylesheet href=\"/dashboard.css\">"
	"<h1>点呼 <small>Tenko</small></h1><form method=post action=\"/dashboard\">"
	"<label for=t>トークン / Token</label>"
	"<input id=t type=password name=token autocomplete=current-password required autofocus>"
	"<button>見る / Show</button></form>";

static void send_text(struct visit *visit, int status, const char *type, const char *text)
{
	struct buf body = {0};

	visit->dashboard = true;
	buf_text_add(&body, text);
	respond(visit, status, type, &body);
	buf_free(&body);
}

/* signing in */

static void take_token(struct visit *visit)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(visit->request);
	size_t length = evbuffer_get_length(body);
	const char *bytes = length ? (const char *)evbuffer_pullup(body, -1) : "";
	struct evkeyvalq *out = evhttp_request_get_output_headers(visit->request);
	struct buf cookie = {0};
	struct form form;

	if (form_decode(bytes, length, &form) != FORM_SOUND) {
		respond_problem(visit, 400);
		return;
	}
	const char *token = form_value(&form, "token");
	if (token && watchers_enter(visit, token, &cookie)) {
		evhttp_add_header(out, "Set-Cookie", buf_text(&cookie));
		evhttp_add_header(out, "Location", "/dashboard");
		send_text(visit, 303, TYPE_TEXT, "");
	} else {
		respond_wrong(visit, 401);
	}
	buf_free(&cookie);
	form_free(&form);
}

void dashboard_serve(struct visit *visit, const char *rest)
{
	const struct settings *s = visit->server->settings;

	(void)rest;
	if (evhttp_request_get_command(visit->request) == EVHTTP_REQ_POST)
		take_token(visit);
	else if (watchers_sight(visit) != SIGHT_NONE)
		send_text(visit, 200, TYPE_HTML, dashboard_page);
	else if (*s->reply_stats_token || *s->reply_admin_token)
		send_text(visit, 401, TYPE_HTML, entrance);
	else
		respond_problem(visit, 403);
}

void dashboard_serve_style(struct visit *visit, const char *rest)
{
	(void)rest;
	send_text(visit, 200, TYPE_STYLE, dashboard_style);
}

void dashboard_serve_script(struct visit *visit, const char *rest)
{
	(void)rest;
	send_text(visit, 200, TYPE_SCRIPT, dashboard_script);
}

void dashboard_serve_events(struct visit *visit, const char *rest)
{
	(void)rest;
	visit->dashboard = true;
	if (!watchers_let_in(visit))
		return;
	if (evhttp_request_get_command(visit->request) == EVHTTP_REQ_HEAD)
		send_text(visit, 200, TYPE_EVENTS, "");
	else
		live_watch(visit->server->live, visit);
}

/* names */

enum { NAMES_MOST = 300 };

struct names {
	json_t *list;
	bool more;
};

static void add_name(const struct listed *person, void *arg)
{
	struct names *n = arg;

	n->more |= json_array_size(n->list) >= NAMES_MOST;
	if (!n->more)
		json_array_append_new(
			n->list, json_pack("{s:s, s:s, s:s, s:s}", "user", person->code, "name",
					   person->name, "group_name", person->group_name, "state",
					   delivery_state_name(person->state)));
}

/* "17", or "17?after=5000": digits only, from 1. */
static bool read_number(const char *text, int64_t *number)
{
	size_t digits = strspn(text, "0123456789");

	*number = digits > 0 && digits <= 10 ? strtoll(text, NULL, 10) : 0;
	return *number > 0 && text[digits] == '\0';
}

static int64_t read_after(const struct visit *visit)
{
	static const char name[] = "?after=";
	const char *query = strchr(evhttp_request_get_uri(visit->request), '?');
	int64_t after;

	if (!query || strncmp(query, name, sizeof name - 1) != 0 ||
	    !read_number(query + sizeof name - 1, &after) || after > UINT32_MAX)
		return 0;
	return after;
}

void dashboard_serve_unanswered(struct visit *visit, const char *rest)
{
	struct names names = {.list = json_array()};
	int64_t broadcast, next = -1;

	if (watchers_sight(visit) != SIGHT_NAMES) {
		respond_wrong(visit, 401);
	} else if (!read_number(rest, &broadcast) || broadcast > UINT32_MAX) {
		respond_problem(visit, 404);
	} else if (listing_unanswered(visit->server->store, broadcast, read_after(visit), add_name,
				      &names, &next)) {
		log_error("reply.unanswered", "error=%s",
			  log_quote(store_error(visit->server->store)));
		respond_problem(visit, 503);
	} else {
		json_t *all = json_pack("{s:O, s:b, s:o}", "people", names.list, "more",
					(int)names.more, "next",
					next < 0 ? json_null() : json_integer(next));
		char *text = json_dumps(all, JSON_COMPACT);
		send_text(visit, 200, TYPE_JSON, text);
		free(text);
		json_decref(all);
	}
	json_decref(names.list);
}
