#pragma once

/*
 * Answers to requests. Every one carries the same security headers; none sets a cookie, none may
 * be cached. Each is counted and gets one line in the log, with ids and never with the token.
 */

#include "common/base/buf.h"
#include "dispatcher/reply/server.h"
#include <event2/http.h>
#include <stdint.h>

/* One request on its way to its answer. */
struct visit {
	struct server *server;
	struct evhttp_request *request;
	int64_t began;             /* its first byte, on the monotonic clock */
	int64_t broadcast, person; /* 0: not known */
	bool script;               /* the page offers notifications, by our script */
	bool dashboard;            /* of the dashboard, whose style and scripts are files of ours */
};

/* Bytes that the status line and the headers take at most, and what visit.script and TLS add. */
enum { RESPONSE_HEADERS_MOST = 448, RESPONSE_SCRIPT_MOST = 48, RESPONSE_TLS_MOST = 48 };

#define TYPE_HTML "text/html; charset=utf-8"
#define TYPE_EVENTS "text/event-stream"
#define TYPE_JSON "application/json"
#define TYPE_SCRIPT "text/javascript; charset=utf-8"
#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_XML  "text/xml; charset=utf-8"

/* Before the first answer. */
void respond_open(void);

/* Sends the answer and ends the visit. `body` stays the caller's; a HEAD request gets none. */
void respond(const struct visit *visit, int status, const char *type, const struct buf *body);

/* The head of an answer whose body comes bit by bit, by evhttp_send_reply_chunk(). */
void respond_begin(const struct visit *visit, const char *type);

/* The page for a status of problems.def, with the further header that the status asks for. */
void respond_problem(const struct visit *visit, int status);

/* As respond_problem() for a link or a token that is wrong; 429 where there were too many. */
void respond_wrong(const struct visit *visit, int status);

/* A whole answer as bytes, for a connection that is closed after it; `tls`: it goes over TLS. */
void respond_refusal(int status, bool tls, struct buf *out);
