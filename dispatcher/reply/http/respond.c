#include "dispatcher/reply/http/respond.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "dispatcher/reply/http/gate.h"
#include "dispatcher/reply/http/guesses.h"
#include "dispatcher/reply/answers/page.h"

#include <event2/buffer.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Nothing from elsewhere, our one style sheet by its hash, forms to ourselves only. No script, but
 * ours where the page offers notifications.
 */
static char content_policy[256];
static const char script_policy[] = "; script-src 'self'; connect-src 'self'";
_Static_assert(sizeof script_policy <= RESPONSE_SCRIPT_MOST, "fits");
static const char dashboard_policy[] =
	"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
static const char policy_name[] = "Content-Security-Policy";

static const struct {
	const char *name, *value;
} headers[] = {
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Cache-Control", "no-store"},
};

/* Over TLS: for a year, browsers are not to try without. */
static const char hsts_name[] = "Strict-Transport-Security", hsts[] = "max-age=31536000";
_Static_assert(sizeof hsts_name + sizeof hsts + 2 <= RESPONSE_TLS_MOST, "fits");

/* What some statuses must or should be answered with. */
static const struct {
	int status;
	const char *name, *value;
} status_headers[] = {
	{401, "WWW-Authenticate", "Bearer"},
	{405, "Allow", "GET, HEAD, POST"},
	{429, "Retry-After", "5"},
	{503, "Retry-After", "5"},
};

void respond_open(void)
{
	char hash[PAGE_STYLE_HASH];

	snprintf(content_policy, sizeof content_policy,
		 "default-src 'none'; style-src '%s'; img-src data:; form-action 'self'; "
		 "frame-ancestors 'none'; base-uri 'none'",
		 page_style_hash(hash));
}

static void count(const struct visit *visit, int status)
{
	static const char *const method_names[] = {"other", "GET", "POST", "HEAD"};
	struct evhttp_request *request = visit->request;
	size_t method = 0;

	switch ((int)evhttp_request_get_command(request)) {
	case EVHTTP_REQ_GET:
		method = 1;
		break;
	case EVHTTP_REQ_POST:
		method = 2;
		break;
	case EVHTTP_REQ_HEAD:
		method = 3;
		break;
	default:
		break;
	}
	visit->server->traffic.by_status[status]++;
	if (!visit->server->settings->reply_access_log)
		return;
	const struct log_id ids[] = {
		{"method", method_names[method], 0},
		{"status", NULL, status},
		{"broadcast", NULL, visit->broadcast},
		{"person", NULL, visit->person},
		{"ms", NULL, clock_monotonic() - visit->began},
		{"gone", "yes", 0},
	};
	log_ids("reply.request", ids,
		LENGTH(ids) - (evhttp_request_get_connection(request) ? 1 : 0));
}

/* What stands in every answer. */
static void add_headers(const struct visit *visit, int status)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(visit->request);
	char policy[sizeof content_policy + sizeof script_policy];

	snprintf(policy, sizeof policy, "%s%s", content_policy, visit->script ? script_policy : "");
	evhttp_add_header(out, policy_name, visit->dashboard ? dashboard_policy : policy);
	for (size_t i = 0; i < LENGTH(headers); i++)
		evhttp_add_header(out, headers[i].name, headers[i].value);
	if (gates_have_tls(visit->server->gates))
		evhttp_add_header(out, hsts_name, hsts);
	for (size_t i = 0; i < LENGTH(status_headers); i++)
		if (status_headers[i].status == status &&
		    !evhttp_find_header(out, status_headers[i].name))
			evhttp_add_header(out, status_headers[i].name, status_headers[i].value);
}

void respond_begin(const struct visit *visit, const char *type)
{
	count(visit, 200);
	evhttp_add_header(evhttp_request_get_output_headers(visit->request), "Content-Type", type);
	add_headers(visit, 200);
	evhttp_send_reply_start(visit->request, 200, page_problem_reason(200));
}

void respond(const struct visit *visit, int status, const char *type, const struct buf *body)
{
	struct evhttp_request *request = visit->request;
	struct evkeyvalq *out = evhttp_request_get_output_headers(request);
	struct gate *gate = gate_of(visit->server->gates, request);
	char length[24];

	count(visit, status);
	snprintf(length, sizeof length, "%zu", body->length);
	if (status != 204) { /* which has no body, and says nothing of one */
		evhttp_add_header(out, "Content-Type", type);
		evhttp_add_header(out, "Content-Length", length);
	}
	add_headers(visit, status);
	if (!gate || gate_must_close(gate) || status == 429)
		evhttp_add_header(out, "Connection", "close");
	if (evhttp_request_get_command(request) != EVHTTP_REQ_HEAD)
		evbuffer_add(evhttp_request_get_output_buffer(request), buf_text(body),
			     body->length);
	evhttp_send_reply(request, status, page_problem_reason(status), NULL);
}

void respond_problem(const struct visit *visit, int status)
{
	struct buf page = {0};

	page_problem(&page, status);
	respond(visit, status, TYPE_HTML, &page);
	buf_free(&page);
}

void respond_wrong(const struct visit *visit, int status)
{
	struct server *server = visit->server;
	const struct settings *s = server->settings;
	struct source source = source_of_request(visit->request, s->reply_proxies);
	int64_t wait = guesses_note(server->guesses, &source, clock_monotonic(),
				    s->reply_wrong_links, s->reply_wrong_links_in_all);
	char seconds[24], text[SOURCE_TEXT];

	server->traffic.wrong_links++;
	if (!wait) {
		respond_problem(visit, status);
		return;
	}
	log_info("reply.guessing", "source=%s wait_s=%lld", log_address(source_text(&source, text)),
		 (long long)wait);
	snprintf(seconds, sizeof seconds, "%lld", (long long)wait);
	evhttp_add_header(evhttp_request_get_output_headers(visit->request), "Retry-After",
			  seconds);
	respond_problem(visit, 429);
}

void respond_refusal(int status, bool tls, struct buf *out)
{
	struct buf page = {0};

	page_problem(&page, status);
	buf_format(out, "HTTP/1.1 %d %s\r\n", status, page_problem_reason(status));
	buf_format(out, "Content-Type: %s\r\nContent-Length: %zu\r\n", TYPE_HTML, page.length);
	buf_format(out, "%s: %s\r\n", policy_name, content_policy);
	for (size_t i = 0; i < LENGTH(headers); i++)
		buf_format(out, "%s: %s\r\n", headers[i].name, headers[i].value);
	if (tls)
		buf_format(out, "%s: %s\r\n", hsts_name, hsts);
	for (size_t i = 0; i < LENGTH(status_headers); i++)
		if (status_headers[i].status == status)
			buf_format(out, "%s: %s\r\n", status_headers[i].name,
				   status_headers[i].value);
	buf_text_add(out, "Connection: close\r\n\r\n");
	buf_add(out, buf_text(&page), page.length);
	buf_free(&page);
}
