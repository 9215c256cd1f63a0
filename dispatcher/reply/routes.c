#include "dispatcher/reply/routes.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "dispatcher/reply/gate.h"
#include "dispatcher/reply/head.h"
#include "dispatcher/reply/hooks.h"
#include "dispatcher/reply/page.h"
#include "dispatcher/reply/respond.h"
#include "dispatcher/reply/scripts.h"
#include "dispatcher/reply/stats.h"
#include "dispatcher/reply/voice.h"
#include "dispatcher/reply/web_answer.h"
#include "dispatcher/reply/subscribe.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PAGE_MOST = 8192 }; /* bytes of a page, its headers with it */

/* What a token stands for, loaded. */
struct subject {
	struct reply_page page;
	struct question question;
	enum language language;
	enum reply_way way;
};

static void subject_free(struct subject *subject)
{
	reply_page_free(&subject->page);
	question_free(&subject->question);
}

static void store_failed(const struct visit *visit)
{
	log_error("reply.store", "broadcast=%lld person=%lld error=%s", (long long)visit->broadcast,
		  (long long)visit->person, log_quote(store_error(visit->server->store)));
}

/*
 * 0, or the status of the problem page. A wrong token costs the same whatever is wrong with it,
 * and is answered like one whose broadcast or person is not there.
 */
static int load(struct visit *visit, const char *token, struct subject *subject)
{
	static const char nobody[TOKEN_LENGTH + 1] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	const struct server *server = visit->server;
	bool whole = strlen(token) == TOKEN_LENGTH;
	struct buf fault = {0};
	int64_t broadcast, person;

	*subject = (struct subject){0};
	if (!token_check(server->keys, whole ? token : nobody, &broadcast, &person) || !whole)
		return 404;
	visit->broadcast = broadcast;
	visit->person = person;
	enum store_status status =
		reply_page_load(server->store, broadcast, person, &subject->page);
	if (status == STORE_NONE)
		return 404;
	if (status) {
		store_failed(visit);
		return 503;
	}
	subject->language = subject->page.language;
	subject->way = WAY_WEB;
	visit->script = subscribe_offered(server, &subject->page);
	if (clock_utc() >= subject->page.expires_at)
		return 410;
	if (!question_from_json(subject->page.choices, subject->page.items, &subject->question,
				&fault)) {
		log_error("reply.question", "broadcast=%lld error=%s", (long long)broadcast,
			  log_quote(buf_text(&fault)));
		buf_free(&fault);
		return 503;
	}
	return 0;
}

/* ?lang=en, or the form's field; anything else changes nothing. */
static void choose_language(const struct form *form, enum language *language)
{
	const char *name = form_value(form, "lang");

	if (name && !language_by_name(name, language))
		return;
}

/* ?by=push, as the link of a notification has it. */
static void choose_way(const struct form *form, enum reply_way *way)
{
	const char *by = form_value(form, "by");

	if (by && strcmp(by, reply_way_name(WAY_PUSH)) == 0)
		*way = WAY_PUSH;
}

static void read_query(const struct visit *visit, struct subject *subject)
{
	const char *query = strchr(evhttp_request_get_uri(visit->request), '?');
	struct form form;

	if (!query || form_decode(query + 1, strlen(query + 1), &form) != FORM_SOUND)
		return;
	choose_language(&form, &subject->language);
	choose_way(&form, &subject->way);
	form_free(&form);
}

static struct page_view view_of(const struct visit *visit, const struct subject *subject,
				const struct answer *answer)
{
	return (struct page_view){
		.page = &subject->page,
		.question = &subject->question,
		.language = subject->language,
		.organisation = visit->server->settings->tenko_organisation,
		.answer = answer,
		.push_key = subscribe_key(visit),
	};
}

/* Looking at a page records nothing: mail scanners open every link. */
static void show_form(struct visit *visit, struct subject *subject)
{
	struct answer answer;
	struct buf page = {0};
	size_t headers = RESPONSE_HEADERS_MOST + (visit->script ? RESPONSE_SCRIPT_MOST : 0) +
			 (gates_have_tls(visit->server->gates) ? RESPONSE_TLS_MOST : 0);

	read_query(visit, subject);
	answer_recall(&subject->page, &subject->question, &answer);
	struct page_view view = view_of(visit, subject, &answer);
	page_form(&page, &view, PAGE_MOST - headers);
	respond(visit, 200, TYPE_HTML, &page);
	buf_free(&page);
	answer_free(&answer);
}

static void show_fault(const struct visit *visit, const struct subject *subject,
		       const struct answer *answer, enum phrase fault)
{
	struct page_view view = view_of(visit, subject, answer);
	struct buf page = {0};

	page_fault(&page, &view, fault);
	respond(visit, 400, TYPE_HTML, &page);
	buf_free(&page);
}

static bool is_form(const struct visit *visit)
{
	static const char type[] = "application/x-www-form-urlencoded";
	const char *given = evhttp_find_header(evhttp_request_get_input_headers(visit->request),
					       "Content-Type");

	return !given || (strncasecmp(given, type, sizeof type - 1) == 0 &&
			  strchr("; \t", given[sizeof type - 1]));
}

static void take_answer(struct visit *visit, struct subject *subject)
{
	static const enum phrase phrases[] = {
		[ANSWER_NO_CHOICE] = PHRASE_CHOOSE,
		[ANSWER_ITEM_LONG] = PHRASE_ITEM_LONG,
		[ANSWER_COMMENT_LONG] = PHRASE_COMMENT_LONG,
	};
	struct evbuffer *body = evhttp_request_get_input_buffer(visit->request);
	size_t length = evbuffer_get_length(body);
	const char *bytes = length ? (const char *)evbuffer_pullup(body, -1) : "";
	struct answer answer;
	struct form form;

	read_query(visit, subject);
	if (form_decode(bytes, length, &form) != FORM_SOUND) {
		answer_recall(&subject->page, &subject->question, &answer);
		show_fault(visit, subject, &answer, PHRASE_BAD_TEXT);
	} else {
		choose_language(&form, &subject->language);
		enum answer_fault fault = answer_read(&form, &subject->question, &answer);
		if (fault)
			show_fault(visit, subject, &answer, phrases[fault]);
		else
			web_answer_record(visit, &subject->page, &subject->question,
					  subject->language, subject->way, &answer);
		form_free(&form);
	}
	answer_free(&answer);
}

/* /r/TOKEN/device */
static void serve_device(struct visit *visit, const char *token)
{
	struct subject subject;
	int problem = load(visit, token, &subject);

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

/* /r/TOKEN */
static void serve_answer(struct visit *visit, const char *token)
{
	struct subject subject;
	int problem = load(visit, token, &subject);
	bool posted = evhttp_request_get_command(visit->request) == EVHTTP_REQ_POST;

	if (!problem && posted && !is_form(visit))
		problem = 415;
	if (problem == 404)
		respond_wrong(visit, problem);
	else if (problem)
		respond_problem(visit, problem);
	else if (posted)
		take_answer(visit, &subject);
	else
		show_form(visit, &subject);
	subject_free(&subject);
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
