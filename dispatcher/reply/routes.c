#include "dispatcher/reply/routes.h"

#include "common/base/log.h"
#include "common/base/mem.h"
#include "dispatcher/reply/figures/dashboard.h"
#include "dispatcher/reply/http/gate.h"
#include "dispatcher/reply/http/head.h"
#include "dispatcher/reply/hooks.h"
#include "dispatcher/reply/figures/metrics.h"
#include "dispatcher/reply/answers/page.h"
#include "dispatcher/reply/http/respond.h"
#include "dispatcher/reply/answers/scripts.h"
#include "dispatcher/reply/figures/stats.h"
#include "dispatcher/reply/answers/subject.h"
#include "dispatcher/reply/answers/subscribe.h"
#include "dispatcher/reply/voice/voice.h"
#include "dispatcher/reply/answers/web_answer.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PAGE_MOST = 8192 }; /* bytes of a page, its headers with it */

static void store_failed(const struct visit *visit)
{
	log_error("reply.store", "broadcast=%lld person=%lld error=%s", (long long)visit->broadcast,
		  (long long)visit->person, log_quote(store_error(visit->server->store)));
}

/* The link's numbers go into the visit. A wrong token costs the same whatever is wrong with it. */
static bool is_ours(struct visit *visit, const char *token)
{
	static const char nobody[TOKEN_LENGTH + 1] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	bool whole = strlen(token) == TOKEN_LENGTH;
	int64_t broadcast, person;

	if (!token_check(visit->server->keys, whole ? token : nobody, &broadcast, &person) ||
	    !whole)
		return false;
	visit->broadcast = broadcast;
	visit->person = person;
	return true;
}

/* 0, or the status of the problem page. A broadcast or person that is not there is a wrong token. */
static int load(struct visit *visit, struct subject *subject)
{
	const struct server *server = visit->server;
	int problem;

	if (subject_load(server->asked, server->store, visit->broadcast, visit->person, subject,
			 &problem)) {
		store_failed(visit);
		return 503;
	}
	subject_complain(subject);
	visit->script = subject->asked && subscribe_offered(server, &subject->page);
	return problem;
}

static void read_query(const struct visit *visit, struct web_wishes *wishes)
{
	const char *query = strchr(evhttp_request_get_uri(visit->request), '?');
	struct form form;

	if (!query || form_decode(query + 1, strlen(query + 1), &form) != FORM_SOUND)
		return;
	web_wishes_read(&form, wishes);
	form_free(&form);
}

/* The page with what was answered before. False where the store failed, which is told. */
static bool recall(const struct visit *visit, struct subject *subject, struct answer *answer)
{
	if (reply_page_newest(visit->server->store, &subject->page)) {
		store_failed(visit);
		respond_problem(visit, 503);
		return false;
	}
	answer_recall(&subject->page, &subject->asked->question, answer);
	return true;
}

/* Looking at a page records nothing: mail scanners open every link. */
static void show_form(struct visit *visit, struct subject *subject)
{
	struct answer answer;
	struct buf page = {0};
	size_t headers = RESPONSE_HEADERS_MOST + (visit->script ? RESPONSE_SCRIPT_MOST : 0) +
			 (gates_have_tls(visit->server->gates) ? RESPONSE_TLS_MOST : 0);

	if (!recall(visit, subject, &answer))
		return;
	struct page_view view = subject_view(visit, subject, &answer);
	page_form(&page, &view, PAGE_MOST - headers);
	respond(visit, 200, TYPE_HTML, &page);
	buf_free(&page);
	answer_free(&answer);
}

/* The form came in such a way that nothing of it can be used. */
static void show_bad_text(struct visit *visit, struct subject *subject)
{
	struct answer answer;

	if (!recall(visit, subject, &answer))
		return;
	subject_show_fault(visit, subject, &answer, PHRASE_BAD_TEXT);
	answer_free(&answer);
}

static bool is_form(const struct visit *visit)
{
	static const char type[] = "application/x-www-form-urlencoded";
	const char *given = evhttp_find_header(evhttp_request_get_input_headers(visit->request),
					       "Content-Type");

	return !given || (strncasecmp(given, type, sizeof type - 1) == 0 &&
			  strchr("; \t", given[sizeof type - 1]));
}

static bool read_form(const struct visit *visit, struct form *form)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(visit->request);
	size_t length = evbuffer_get_length(body);
	const char *bytes = length ? (const char *)evbuffer_pullup(body, -1) : "";

	return form_decode(bytes, length, form) == FORM_SOUND;
}

/* /r/TOKEN/device */
static void serve_device(struct visit *visit, const char *token)
{
	struct subject subject = {0};
	int problem = is_ours(visit, token) ? load(visit, &subject) : 404;

	if (!problem && evhttp_request_get_command(visit->request) != EVHTTP_REQ_POST)
		problem = 405;
	visit->script = false;
	if (problem == 404)
		respond_wrong(visit, problem);
	else if (problem)
		respond_problem(visit, problem);
	else
		subscribe_take(visit);
	subject_free(&subject);
}

/* Whatever is no answer that could be recorded. */
static void serve_page(struct visit *visit, const struct web_wishes *wishes)
{
	struct subject subject;
	int problem = load(visit, &subject);
	bool posted = evhttp_request_get_command(visit->request) == EVHTTP_REQ_POST;

	if (!problem && posted && !is_form(visit))
		problem = 415;
	if (wishes->has_language)
		subject.language = wishes->language;
	if (problem == 404)
		respond_wrong(visit, problem);
	else if (problem)
		respond_problem(visit, problem);
	else if (posted)
		show_bad_text(visit, &subject);
	else
		show_form(visit, &subject);
	subject_free(&subject);
}

/* /r/TOKEN */
static void serve_answer(struct visit *visit, const char *token)
{
	struct web_wishes wishes = {.way = WAY_WEB};
	struct form form;

	if (!is_ours(visit, token)) {
		respond_wrong(visit, 404);
		return;
	}
	read_query(visit, &wishes);
	if (evhttp_request_get_command(visit->request) == EVHTTP_REQ_POST && is_form(visit) &&
	    read_form(visit, &form)) {
		web_wishes_read(&form, &wishes);
		web_answer_record(visit, &form, &wishes);
	} else {
		serve_page(visit, &wishes);
	}
}

/* /r/... */
static void serve_reply(struct visit *visit, const char *rest)
{
	static const char device[] = "/device";
	size_t length = strcspn(rest, "/");

	if (strcmp(rest + length, device) == 0) {
		char *token = mem_copy(rest, length);
		serve_device(visit, token);
		free(token);
	} else {
		serve_answer(visit, rest);
	}
}

/* /healthz */
static void serve_health(struct visit *visit, const char *rest)
{
	bool sound = store_schema(visit->server->store) > 0;
	struct buf text = {0};

	(void)rest;
	if (!sound)
		store_failed(visit);
	buf_text_add(&text, sound ? "ok\n" : "the store cannot be read\n");
	respond(visit, sound ? 200 : 503, TYPE_TEXT, &text);
	buf_free(&text);
}

static const struct route {
	const char *path;
	bool prefix; /* the path goes on; else it ends here */
	bool posts;
	void (*serve)(struct visit *visit, const char *rest);
} routes[] = {
	{"/r/", true, true, serve_reply},
	{"/push.js", false, false, scripts_serve_page},
	{"/sw.js", false, false, scripts_serve_worker},
	{"/healthz", false, false, serve_health},
	{"/stats.json", false, false, stats_serve},
	{"/metrics", false, false, metrics_serve},
	{"/dashboard", false, true, dashboard_serve},
	{"/dashboard.css", false, false, dashboard_serve_style},
	{"/dashboard.js", false, false, dashboard_serve_script},
	{"/dashboard/events", false, false, dashboard_serve_events},
	{"/dashboard/unanswered/", true, false, dashboard_serve_unanswered},
	{"/hooks/alertmanager", false, true, hooks_serve_alertmanager},
	{"/hooks/cap", false, true, hooks_serve_cap},
	{"/voice/call/", true, true, voice_serve_call},
	{"/voice/events/", true, true, voice_serve_events},
	{"/voice/inbound", false, true, voice_serve_inbound},
	{"/voice/inbound/id", false, true, voice_serve_id},
	{"/voice/inbound/pin", false, true, voice_serve_pin},
	{"/voice/answer/", true, true, voice_serve_answer},
};

static const struct route *find_route(const char *path, const char **rest)
{
	for (size_t i = 0; i < LENGTH(routes); i++) {
		size_t length = strlen(routes[i].path);
		*rest = path + length;
		if (strncmp(path, routes[i].path, length) == 0 && (routes[i].prefix || !**rest))
			return &routes[i];
	}
	return NULL;
}

void routes_serve(struct evhttp_request *request, void *arg)
{
	struct visit visit = {.server = arg, .request = request};
	const char *uri = evhttp_request_get_uri(request), *rest;
	char *path = mem_copy(uri, strcspn(uri, "?"));
	const struct route *route = find_route(path, &rest);

	visit.began = gate_serve(gate_of(visit.server->gates, request), request);
	if (!route) {
		respond_problem(&visit, 404);
	} else if (evhttp_request_get_command(request) == EVHTTP_REQ_POST && !route->posts) {
		evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", "GET, HEAD");
		respond_problem(&visit, 405);
	} else {
		route->serve(&visit, rest);
	}
	free(path);
}
