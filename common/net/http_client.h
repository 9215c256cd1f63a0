#pragma once

/*
 * HTTP as a client: many requests side by side. Workers run theirs to their end in one call
 * (http_run), over HTTP/2 where the other side speaks it, on an event loop of the client's own; who
 * has a loop starts them on it and is called when each has ended (http_start). libcurl does the work.
 *
 * Addresses come from outside, so the client trusts none: only https, no redirects, no proxy from
 * the environment, answers cut at a limit, and no connection into our own network (http_address.h).
 * The last is looked at when a socket is opened, so that a name which resolves differently the
 * second time gets no further. `private` opens private addresses, and plain http with them.
 *
 * http_run() is over by its time-out, whatever the others do; but for the resolver, which gives up
 * by itself after some seconds.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct http_client;

/*
 * `ca_file`: certificates (PEM) of authorities that are trusted beside the system's, "": no further
 * ones; `setting` names it. NULL, with a sentence in `fault`: they cannot be read, or the system
 * gives no more.
 */
MUST_USE struct http_client *http_client_new(bool private, const char *ca_file, const char *setting,
					     struct buf *fault);
/* The same on the caller's loop, for http_start(). NULL: the system gives no more. */
MUST_USE struct http_client *http_client_on(struct event_base *loop, bool private);
/* Requests that were started and have not ended are dropped; their callback is not called. */
void http_client_free(struct http_client *client);

enum http_end {
	HTTP_NONE = 0,
	HTTP_ANSWERED,   /* `status` says what */
	HTTP_NOT_SENT,   /* nothing of the request went out */
	HTTP_FORBIDDEN,  /* nothing went out: the address is one that we do not connect to */
	HTTP_CALLED_OFF, /* nothing went out: `go` said no */
	HTTP_UNKNOWN,    /* it went out, in part or whole, and there was no answer */
};

enum { HTTP_HEADERS = 8, HTTP_WHY = 120, HTTP_ANSWER_MOST = 65536, HTTP_VALIDATOR = 160 };

struct http_request {
	const char *url;
	const char
		*headers[HTTP_HEADERS]; /* "Name: value"; NULL behind the last, if there is room */
	const void *body;               /* of a POST; NULL: GET */
	size_t length;
	size_t answer_most; /* bytes that are taken of the answer; 0: HTTP_ANSWER_MOST */
	/*
	 * Asked once the connection stands, right before the request goes out, which may be long
	 * after http_run() began: requests to one host wait for each other. NULL: it goes.
	 */
	bool (*go)(void *arg);
	void *arg;

	/* set at the end */
	enum http_end end;
	bool timed_out; /* nothing more came within the time-out */
	int status;
	int64_t retry_after; /* seconds, from the header Retry-After; 0: none */
	struct buf answer;   /* at most answer_most bytes; the caller frees */
	bool cut;            /* there was more */
	char etag[HTTP_VALIDATOR], modified[HTTP_VALIDATOR]; /* ETag, Last-Modified; "": none */
	int64_t date; /* UTC milliseconds, from the header Date; 0: none */
	char why[HTTP_WHY];  /* where there was no answer: a sentence; no part of the URL */
};

/* Runs all of them at once. `timeout`: milliseconds for all together. */
void http_run(struct http_client *client, struct http_request *requests, size_t count,
	      int64_t timeout);

/*
 * Starts one on the caller's loop, over HTTP/1.1. `ended` is called once it has, by the loop, never
 * from here. The request stays the caller's and must live until then, what it points to too.
 */
void http_start(struct http_client *client, struct http_request *request, int64_t timeout,
		void (*ended)(struct http_request *request, void *arg), void *arg);

/*
 * The origin of a URL ("https://host:8443", RFC 6454): scheme and host in small letters, the port
 * where it is not the scheme's own. False where it is no sound http or https URL, or holds a user
 * name.
 */
MUST_USE bool http_origin(const char *url, struct buf *origin);
