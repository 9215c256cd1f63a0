#include "common/net/http_client.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/net/http_address.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

enum {
	CONNECTIONS_MOST = 32,
	CONNECTIONS_A_HOST = 8, /* where it speaks HTTP/1.1; one carries many requests otherwise */
	STREAMS_MOST = 100,
};

struct exchange;

struct http_client {
	struct event_base *loop;
	bool own_loop;
	struct event *timer; /* when curl wants to be called */
	struct event *over;  /* when a run must be over */
	CURLM *multi;
	bool private;
	char *ca_file; /* "": none */
	int running;
	LIST_HEAD(exchanges, exchange) started; /* by http_start() */
};

/* One request under way. */
struct exchange {
	struct http_client *client;
	struct http_request *request;
	CURL *easy;
	struct curl_slist *headers;
	bool forbidden;  /* an address was not connected to */
	bool called_off; /* `go` said no */
	bool done;
	void (*ended)(struct http_request *request, void *arg); /* NULL: http_run() looks */
	void *arg;
	LIST_ENTRY(exchange) next;
};

static void take_ended(const struct http_client *client);

/* curl and the loop */

static void act(struct http_client *client, curl_socket_t fd, int what)
{
	curl_multi_socket_action(client->multi, fd, what, &client->running);
}

static void on_socket_ready(evutil_socket_t fd, short what, void *arg)
{
	int events =
		(what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	act(arg, fd, events);
	take_ended(arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	act(arg, CURL_SOCKET_TIMEOUT, 0);
	take_ended(arg);
}

/* It is enough that the loop turns. */
static void on_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *watched)
{
	struct http_client *client = arg;
	struct event *event = watched;
	short wanted = EV_PERSIST;

	(void)easy;
	if (event)
		event_free(event);
	event = NULL;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		wanted |= EV_READ;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		wanted |= EV_WRITE;
	if (what != CURL_POLL_REMOVE) {
		event = event_new(client->loop, fd, wanted, on_socket_ready, client);
		event_add(event, NULL);
	}
	curl_multi_assign(client->multi, fd, event);
	return 0;
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	const struct http_client *client = arg;
	struct timeval when = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	(void)multi;
	if (ms < 0)
		evtimer_del(client->timer);
	else
		evtimer_add(client->timer, &when);
	return 0;
}

static void set_up(struct http_client *client)
{
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS_MOST);
	curl_multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)CONNECTIONS_A_HOST);
	curl_multi_setopt(client->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)STREAMS_MOST);
}

/* Looked at before the first request: one with a bad file fails like one that meets no server. */
static bool holds_certificates(const char *file)
{
	X509_STORE *store = X509_STORE_new();
	bool good = store && X509_STORE_load_file(store, file) == 1;

	X509_STORE_free(store);
	ERR_clear_error();
	return good;
}

struct http_client *http_client_new(bool private, const char *ca_file, const char *setting,
				    struct buf *fault)
{
	struct event_base *loop;
	struct http_client *client;

	if (*ca_file && !holds_certificates(ca_file)) {
		buf_format(fault, "%s: %s holds no certificates that can be read", setting,
			   ca_file);
		return NULL;
	}
	loop = event_base_new();
	client = loop ? http_client_on(loop, private) : NULL;
	if (!client) {
		buf_text_add(fault, "no HTTP client can be had: out of file descriptors?");
		if (loop)
			event_base_free(loop);
		return NULL;
	}
	client->own_loop = true;
	free(client->ca_file);
	client->ca_file = mem_string(ca_file);
	return client;
}

struct http_client *http_client_on(struct event_base *loop, bool private)
{
	struct http_client *client = mem_alloc(sizeof *client);

	curl_global_init(CURL_GLOBAL_DEFAULT);
	client->private = private;
	client->ca_file = mem_string("");
	client->loop = loop;
	LIST_INIT(&client->started);
	client->timer = evtimer_new(loop, on_timer, client);
	client->over = evtimer_new(loop, on_over, client);
	client->multi = curl_multi_init();
	if (!client->multi) {
		http_client_free(client);
		return NULL;
	}
	set_up(client);
	return client;
}

static void let_go(struct exchange *x)
{
	curl_multi_remove_handle(x->client->multi, x->easy);
	curl_easy_cleanup(x->easy);
	curl_slist_free_all(x->headers);
}

void http_client_free(struct http_client *client)
{
	struct exchange *x;

	if (!client)
		return;
	while ((x = LIST_FIRST(&client->started))) {
		LIST_REMOVE(x, next);
		let_go(x);
		free(x);
	}
	if (client->multi)
		curl_multi_cleanup(client->multi);
	event_free(client->timer);
	event_free(client->over);
	if (client->own_loop)
		event_base_free(client->loop);
	free(client->ca_file);
	free(client);
}

/* one request */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct exchange *x = arg;

	(void)purpose;
	if (!x->client->private && !http_address_is_public(&address->addr)) {
		x->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int ask_to_go(void *arg, char *address, char *own_address, int port, int own_port)
{
	struct exchange *x = arg;

	(void)address;
	(void)own_address;
	(void)port;
	(void)own_port;
	x->called_off = !x->request->go(x->request->arg);
	return x->called_off ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *arg)
{
	struct exchange *x = arg;
	struct http_request *request = x->request;
	size_t most = request->answer_most ? request->answer_most : HTTP_ANSWER_MOST;
	size_t length = size * count, room = most - request->answer.length;

	request->cut = length > room;
	buf_add(&request->answer, bytes, request->cut ? room : length);
	return request->cut ? CURL_WRITEFUNC_ERROR : length;
}

/* "Name: value" and the end of the line. One that is too long is none. */
static void take_validator(const char *line, size_t length, const char *name, char *to)
{
	size_t skip = strlen(name);

	if (length < skip || strncasecmp(line, name, skip) != 0)
		return;
	for (; skip < length && line[skip] == ' '; skip++)
		;
	while (length > skip && strchr("\r\n ", line[length - 1]))
		length--;
	if (length - skip < HTTP_VALIDATOR)
		snprintf(to, HTTP_VALIDATOR, "%.*s", (int)(length - skip), line + skip);
}

static size_t take_header(char *bytes, size_t size, size_t count, void *arg)
{
	struct exchange *x = arg;
	char date[HTTP_VALIDATOR] = "";

	take_validator(bytes, size * count, "etag:", x->request->etag);
	take_validator(bytes, size * count, "last-modified:", x->request->modified);
	take_validator(bytes, size * count, "date:", date);
	time_t at = *date ? curl_getdate(date, NULL) : -1;
	if (at > 0)
		x->request->date = (int64_t)at * 1000;
	return size * count;
}

static void set_addressing(struct exchange *x)
{
	CURL *easy = x->easy;

	curl_easy_setopt(easy, CURLOPT_URL, x->request->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, x->client->private ? "https,http" : "https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, x);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	if (*x->client->ca_file) /* in the place of the system's file; its folder is used as well */
		curl_easy_setopt(easy, CURLOPT_CAINFO, x->client->ca_file);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* does not wait for the resolver */
}

static void set_message(struct exchange *x)
{
	const struct http_request *request = x->request;
	CURL *easy = x->easy;

	/* Without it curl waits for "100 Continue" before a longer body. */
	x->headers = curl_slist_append(NULL, "Expect:");
	for (size_t i = 0; i < HTTP_HEADERS && request->headers[i]; i++)
		x->headers = curl_slist_append(x->headers, request->headers[i]);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, x->headers);
	if (request->body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
	}
	if (request->go) {
		curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, ask_to_go);
		curl_easy_setopt(easy, CURLOPT_PREREQDATA, x);
	}
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, x);
}

static void begin(struct exchange *x, struct http_client *client, struct http_request *request)
{
	*x = (struct exchange){.client = client, .request = request, .easy = curl_easy_init()};
	if (!x->easy)
		abort(); /* out of memory */
	request->end = HTTP_NONE;
	request->status = 0;
	request->timed_out = false;
	request->retry_after = 0;
	request->date = 0;
	request->why[0] = request->etag[0] = request->modified[0] = '\0';
	request->cut = false;
	buf_clear(&request->answer);
	set_addressing(x);
	set_message(x);
	if (curl_multi_add_handle(client->multi, x->easy) != CURLM_OK)
		abort(); /* out of memory */
}

/* curl's own words name the host in some, and nothing to do about it in most. */
static const char *words_for(const struct exchange *x, CURLcode code)
{
	if (x->request->end == HTTP_FORBIDDEN)
		return x->forbidden ? "the address is not a public one" : "no https address";
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return "its certificate is not trusted, ran out, or is another host's";
	if (code == CURLE_OPERATION_TIMEDOUT)
		return "no answer within the time-out";
	return curl_easy_strerror(code);
}

static void end(struct exchange *x, CURLcode code)
{
	struct http_request *request = x->request;
	long status = 0, sent = 0;
	curl_off_t wait = 0;

	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &sent);
	curl_easy_getinfo(x->easy, CURLINFO_RETRY_AFTER, &wait);
	request->status = (int)status;
	request->timed_out = code == CURLE_OPERATION_TIMEDOUT;
	request->retry_after = wait > 0 ? (int64_t)wait : 0;
	if (code == CURLE_OK || (request->cut && status))
		request->end = HTTP_ANSWERED;
	else if (x->called_off)
		request->end = HTTP_CALLED_OFF;
	else if (sent > 0)
		request->end = HTTP_UNKNOWN;
	else if (x->forbidden || code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT)
		request->end = HTTP_FORBIDDEN;
	else
		request->end = HTTP_NOT_SENT;
	if (request->end != HTTP_ANSWERED)
		snprintf(request->why, sizeof request->why, "%s", words_for(x, code));
	let_go(x);
	x->done = true;
}

/* all of them */

/*
 * Over HTTP/2 curl would go on with a connection over which nothing comes any more, until the
 * kernel gives it up after a quarter of an hour. Where something did not end in time all
 * connections are closed, and the next run makes new ones.
 */
static void renew(struct http_client *client)
{
	CURLM *fresh = curl_multi_init();

	if (!fresh)
		return; /* the old ones will have to do */
	curl_multi_cleanup(client->multi);
	client->multi = fresh;
	set_up(client);
}

/* Whoever is called may start the next one. */
static void tell(struct exchange *x)
{
	LIST_REMOVE(x, next);
	x->ended(x->request, x->arg);
	free(x);
}

static void take_ended(const struct http_client *client)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left))) {
		char *private;
		CURLcode code = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		struct exchange *x = (struct exchange *)(void *)private;
		end(x, code);
		if (x->ended)
			tell(x);
	}
}

void http_start(struct http_client *client, struct http_request *request, int64_t timeout,
		void (*ended)(struct http_request *request, void *arg), void *arg)
{
	struct exchange *x = mem_alloc(sizeof *x);

	begin(x, client, request);
	x->ended = ended;
	x->arg = arg;
	LIST_INSERT_HEAD(&client->started, x, next);
	curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, (long)timeout);
	/* A slow answer shall hold up no other of its host, and its connection go with it. */
	curl_easy_setopt(x->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(x->easy, CURLOPT_PIPEWAIT, 0L);
}

void http_run(struct http_client *client, struct http_request *requests, size_t count,
	      int64_t timeout)
{
	struct exchange *list = mem_array(count, sizeof *list);
	int64_t left, over = clock_monotonic() + timeout;
	bool late = false;

	for (size_t i = 0; i < count; i++)
		begin(&list[i], client, &requests[i]);
	act(client, CURL_SOCKET_TIMEOUT, 0);
	take_ended(client);
	while (client->running > 0 && (left = over - clock_monotonic()) > 0) {
		struct timeval wait = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
		evtimer_add(client->over, &wait);
		event_base_loop(client->loop, EVLOOP_ONCE);
		take_ended(client);
	}
	evtimer_del(client->over);
	for (size_t i = 0; i < count; i++) {
		if (list[i].done)
			continue;
		end(&list[i], CURLE_OPERATION_TIMEDOUT);
		late = true;
	}
	if (late)
		renew(client);
	free(list);
}

/* origins */

/* False: the URL has no such part. */
static bool add_part(CURLU *url, CURLUPart part, const char *before, struct buf *out)
{
	char *text = NULL;
	bool there = curl_url_get(url, part, &text, CURLU_NO_DEFAULT_PORT) == CURLUE_OK;

	if (there)
		buf_format(out, "%s%s", before, text);
	curl_free(text);
	return there;
}

bool http_origin(const char *text, struct buf *origin)
{
	CURLU *url = curl_url();
	bool sound =
		url && curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER) == CURLUE_OK;

	sound = sound && add_part(url, CURLUPART_SCHEME, "", origin) &&
		(strcmp(buf_text(origin), "https") == 0 || strcmp(buf_text(origin), "http") == 0) &&
		add_part(url, CURLUPART_HOST, "://", origin);
	if (sound)
		(void)add_part(url, CURLUPART_PORT, ":", origin);
	for (size_t i = 0; i < origin->length; i++)
		if (origin->data[i] >= 'A' && origin->data[i] <= 'Z')
			origin->data[i] = (char)(origin->data[i] - 'A' + 'a');
	curl_url_cleanup(url);
	return sound;
}
