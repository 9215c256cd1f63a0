#include "dispatcher/reply/http/gate.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "dispatcher/reply/http/head.h"
#include "dispatcher/reply/http/respond.h"
#include "dispatcher/reply/http/source.h"
#include "dispatcher/reply/http/tls.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>

enum {
	INPUT_MOST = 2 * BODY_MOST,    /* bytes that wait in a connection */
	LINGER_MOST = 4 * 1024 * 1024, /* bytes read and thrown away after a refusal */
	LINGER_MS = 2000,
	SOURCES = 65536, /* counted apart; two that share a place share their limit */
	FRESH_MS = 1000, /* for the first byte of a connection that is new when we drain */
};

enum gate_state { GATE_IDLE, GATE_HEAD, GATE_BODY, GATE_SERVING, GATE_REFUSED };

struct gate {
	TAILQ_ENTRY(gate) next;
	struct gates *gates;
	struct bufferevent *stream;
	int fd;
	enum gate_state state;
	struct head head;
	size_t body_left;
	bool excess; /* bytes came behind the request, before it was answered */
	bool served; /* a request before this one was answered */
	int64_t began;
	struct event *timer;
	/* evhttp's, while the connection is taken away from it */
	struct {
		bufferevent_data_cb read, write;
		bufferevent_event_cb event;
		void *arg;
	} evhttp;
	size_t discarded;
	void (*closed)(void *arg); /* NULL: nobody asked */
	void *closed_arg;
	int *source; /* the counter of those of its source; NULL: it is not counted */
};
TAILQ_HEAD(gate_list, gate);

struct gates {
	struct event_base *base;
	struct evconnlistener *listener;
	SSL_CTX *tls; /* NULL: without */
	struct event *adoption;
	struct traffic *traffic;
	const struct settings *settings;
	int count, most;
	int by_source[SOURCES];
	struct gate_list newcomers, open;
	struct gate **by_fd;
	size_t fds;
	void (*drained)(void *arg);
	void *drained_arg;
};

static void set_timer(struct gate *gate, int64_t ms)
{
	struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	evtimer_add(gate->timer, &wait);
}

static void enter(struct gate *gate, enum gate_state state)
{
	static const unsigned moves[] = {
		[GATE_IDLE] = 1u << GATE_HEAD | 1u << GATE_REFUSED,
		[GATE_HEAD] = 1u << GATE_BODY | 1u << GATE_REFUSED,
		[GATE_BODY] = 1u << GATE_SERVING | 1u << GATE_REFUSED,
		[GATE_SERVING] = 1u << GATE_IDLE,
		[GATE_REFUSED] = 0,
	};
	assert(moves[gate->state] & 1u << state);
	gate->state = state;
}

/* closing */

static void count_out(struct gates *gates)
{
	gates->count--;
	if (gates->drained && gates->count == 0)
		gates->drained(gates->drained_arg);
	else if (gates->listener && gates->count < gates->most)
		evconnlistener_enable(gates->listener);
}

static void free_gate(struct gate *gate)
{
	head_clear(&gate->head);
	if (gate->timer)
		event_free(gate->timer);
	if (gate->source)
		--*gate->source;
	free(gate);
}

static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg);

/* evhttp closes the connection, for whatever reason. */
static void on_closed(struct evhttp_connection *connection, void *arg)
{
	struct gate *gate = arg;
	struct gates *gates = gate->gates;

	(void)connection;
	if (gate->closed)
		gate->closed(gate->closed_arg);
	/* The stream may outlive its connection for as long as it has records left to decrypt. */
	evbuffer_remove_cb(bufferevent_get_input(gate->stream), on_input, gate);
	tls_end(gate->stream);
	TAILQ_REMOVE(&gates->open, gate, next);
	gates->by_fd[gate->fd] = NULL;
	free_gate(gate);
	count_out(gates);
}

/*
 * Lets evhttp close the connection, as it does when a read takes too long; it lets go of a
 * request that we have not answered yet. The gate is gone afterwards.
 */
static void hang_up(struct gate *gate)
{
	struct bufferevent *stream = gate->stream;

	if (gate->state == GATE_REFUSED)
		bufferevent_setcb(stream, gate->evhttp.read, gate->evhttp.write, gate->evhttp.event,
				  gate->evhttp.arg);
	bufferevent_trigger_event(stream, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, 0);
}

/* refusing */

static void on_refused_read(struct bufferevent *stream, void *arg)
{
	struct gate *gate = arg;
	struct evbuffer *input = bufferevent_get_input(stream);
	size_t length = evbuffer_get_length(input);

	evbuffer_drain(input, length);
	gate->discarded += length;
	if (gate->discarded > LINGER_MOST)
		hang_up(gate);
}

static void on_refused_written(struct bufferevent *stream, void *arg)
{
	(void)arg;
	tls_end(stream);
	shutdown(bufferevent_getfd(stream), SHUT_WR);
}

static void on_refused_event(struct bufferevent *stream, short what, void *arg)
{
	(void)stream;
	(void)what;
	hang_up(arg);
}

static void refuse(struct gate *gate, const struct head_refusal *refusal)
{
	struct buf answer = {0};
	struct gates *gates = gate->gates;
	/* A form that is too long takes its time to come in, and its sender reads nothing
	 * before. */
	bool patient = refusal->status == 413 || gates->settings->reply_deadline < LINGER_MS;

	enter(gate, GATE_REFUSED);
	bufferevent_getcb(gate->stream, &gate->evhttp.read, &gate->evhttp.write,
			  &gate->evhttp.event, &gate->evhttp.arg);
	bufferevent_setcb(gate->stream, on_refused_read, on_refused_written, on_refused_event,
			  gate);
	respond_refusal(refusal->status, gates->tls, &answer);
	bufferevent_write(gate->stream, buf_text(&answer), answer.length);
	bufferevent_enable(gate->stream, EV_READ | EV_WRITE);
	buf_free(&answer);
	set_timer(gate, patient ? gates->settings->reply_deadline : LINGER_MS);

	gates->traffic->by_status[refusal->status]++;
	log_info("reply.refused", "status=%d why=%s ms=%lld", refusal->status,
		 log_quote(refusal->why), (long long)(clock_monotonic() - gate->began));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	static const struct head_refusal slow = {.status = 408, .why = "too slow"};
	struct gate *gate = arg;

	(void)fd;
	(void)what;
	if (gate->state == GATE_HEAD || gate->state == GATE_BODY) {
		refuse(gate, &slow);
		return;
	}
	if (gate->state == GATE_SERVING) {
		gate->gates->traffic->dropped++;
		log_info("reply.dropped", "why=\"answer read too slowly\" ms=%lld",
			 (long long)(clock_monotonic() - gate->began));
	}
	hang_up(gate);
}

/* watching */

static size_t take_head(struct gate *gate, const char *bytes, size_t length)
{
	struct head_refusal refusal;
	size_t used;

	switch (head_feed(&gate->head, bytes, length, &used, &refusal)) {
	case HEAD_MORE:
		break;
	case HEAD_DONE:
		enter(gate, GATE_BODY);
		gate->body_left = gate->head.content_length;
		/* evhttp takes a body once it is there as a whole. */
		if (gate->body_left > BODY_MOST)
			bufferevent_setwatermark(gate->stream, EV_READ, 0,
						 INPUT_MOST + HOOK_BODY_MOST);
		head_clear(&gate->head);
		break;
	case HEAD_REFUSED:
		refuse(gate, &refusal);
		return 0;
	}
	return used;
}

static size_t take_body(struct gate *gate, size_t length)
{
	gate->excess = length > gate->body_left;
	if (gate->excess)
		return 0;
	gate->body_left -= length;
	return length;
}

/* Takes some of the bytes that came in; returns how many, 0 where the rest does not matter. */
static size_t take(struct gate *gate, const char *bytes, size_t length)
{
	switch (gate->state) {
	case GATE_IDLE:
		enter(gate, GATE_HEAD);
		gate->began = clock_monotonic();
		set_timer(gate, gate->gates->settings->reply_deadline);
		return take_head(gate, bytes, length);
	case GATE_HEAD:
		return take_head(gate, bytes, length);
	case GATE_BODY:
		return take_body(gate, length);
	case GATE_SERVING:
		gate->excess = true;
		return 0;
	case GATE_REFUSED:
		break;
	}
	return 0;
}

/* Called for every change of the input buffer, and before evhttp is told of it. */
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
	struct gate *gate = arg;
	size_t at = evbuffer_get_length(input) - info->n_added, used = 1;
	char bytes[4096];

	for (size_t left = info->n_added; left && used; left -= used, at += used) {
		struct evbuffer_ptr position;
		evbuffer_ptr_set(input, &position, at, EVBUFFER_PTR_SET);
		ev_ssize_t length = evbuffer_copyout_from(
			input, &position, bytes, left < sizeof bytes ? left : sizeof bytes);
		used = length > 0 ? take(gate, bytes, (size_t)length) : 0;
	}
}

/* opening */

static void remember_fd(struct gates *gates, struct gate *gate)
{
	size_t need = (size_t)gate->fd + 1;

	if (need > gates->fds) {
		gates->by_fd = mem_resize(gates->by_fd, need * 2, sizeof *gates->by_fd);
		for (size_t i = gates->fds; i < need * 2; i++)
			gates->by_fd[i] = NULL;
		gates->fds = need * 2;
	}
	gates->by_fd[gate->fd] = gate;
}

/* Whether it is one more than its source may have; else it is counted. */
static bool is_crowd(struct gate *gate)
{
	struct gates *gates = gate->gates;
	struct source peer = source_of_socket(gate->fd), network = source_network(peer);
	int *count = &gates->by_source[source_slot(&network, SOURCES)];

	if (source_is_loopback(&peer) || source_is_proxy(&peer, gates->settings->reply_proxies))
		return false;
	if (*count >= gates->settings->reply_source_connections)
		return true;
	++*count;
	gate->source = count;
	return false;
}

/*
 * Once evhttp has made its connection object, and before anything was read: the object is the
 * argument of the callbacks that it has set. Where there is none evhttp has given up already.
 */
static void adopt(struct gate *gate)
{
	struct gates *gates = gate->gates;
	void *connection = NULL;

	TAILQ_REMOVE(&gates->newcomers, gate, next);
	bufferevent_getcb(gate->stream, NULL, NULL, NULL, &connection);
	bufferevent_decref(gate->stream);
	if (!connection) {
		free_gate(gate);
		count_out(gates);
		return;
	}
	TAILQ_INSERT_TAIL(&gates->open, gate, next);
	gate->fd = bufferevent_getfd(gate->stream);
	remember_fd(gates, gate);
	evhttp_connection_set_closecb(connection, on_closed, gate);
	bufferevent_setwatermark(gate->stream, EV_READ, 0, INPUT_MOST);
	evbuffer_add_cb(bufferevent_get_input(gate->stream), on_input, gate);
	gate->timer = evtimer_new(gates->base, on_timer, gate);
	set_timer(gate, gates->settings->reply_deadline);
	if (is_crowd(gate)) {
		static const struct head_refusal crowd = {.status = 429, .why = "crowd"};
		gates->traffic->crowded++;
		gate->began = clock_monotonic();
		refuse(gate, &crowd);
	}
}

static void on_adoption(evutil_socket_t fd, short what, void *arg)
{
	struct gates *gates = arg;
	struct gate *gate;

	(void)fd;
	(void)what;
	while ((gate = TAILQ_FIRST(&gates->newcomers)))
		adopt(gate);
}

/* evhttp asks for the stream of a connection that was just accepted. */
static struct bufferevent *on_accepted(struct event_base *base, void *arg)
{
	struct gates *gates = arg;
	struct gate *gate = mem_alloc(sizeof *gate);

	*gate = (struct gate){.gates = gates, .fd = -1};
	gate->stream =
		gates->tls ? tls_stream(base, gates->tls) : bufferevent_socket_new(base, -1, 0);
	if (!gate->stream)
		abort(); /* out of memory */
	bufferevent_incref(gate->stream);
	TAILQ_INSERT_TAIL(&gates->newcomers, gate, next);
	/* Active events run before the next look at the sockets. */
	event_active(gates->adoption, EV_TIMEOUT, 1);
	if (++gates->count >= gates->most && gates->listener)
		evconnlistener_disable(gates->listener);
	return gate->stream;
}

struct gates *gates_new(struct event_base *base, struct evhttp *http, int most,
			const struct settings *settings, struct traffic *traffic)
{
	struct gates *gates = mem_alloc(sizeof *gates);

	*gates = (struct gates){
		.base = base, .most = most, .settings = settings, .traffic = traffic};
	TAILQ_INIT(&gates->newcomers);
	TAILQ_INIT(&gates->open);
	gates->adoption = event_new(base, -1, 0, on_adoption, gates);
	evhttp_set_max_headers_size(http, HEAD_MOST);
	evhttp_set_max_body_size(http, HOOK_BODY_MOST);
	evhttp_set_bevcb(http, on_accepted, gates);
	return gates;
}

void gates_listen(struct gates *gates, struct evhttp_bound_socket *socket)
{
	gates->listener = evhttp_bound_socket_get_listener(socket);
}

void gates_set_tls(struct gates *gates, SSL_CTX *tls)
{
	SSL_CTX_free(gates->tls);
	gates->tls = tls;
}

bool gates_have_tls(const struct gates *gates)
{
	return gates->tls;
}

int gates_count(const struct gates *gates)
{
	return gates->count;
}

void gates_drain(struct gates *gates, void (*done)(void *arg), void *arg)
{
	struct gate *gate, *following;

	gates->listener = NULL;
	for (gate = TAILQ_FIRST(&gates->open); gate; gate = following) {
		following = TAILQ_NEXT(gate, next);
		if (gate->state != GATE_IDLE)
			continue;
		if (gate->served)
			hang_up(gate);
		else
			set_timer(gate, FRESH_MS);
	}
	gates->drained = done;
	gates->drained_arg = arg;
	if (gates->count == 0)
		done(arg);
}

void gates_free(struct gates *gates)
{
	if (!gates)
		return;
	event_free(gates->adoption);
	SSL_CTX_free(gates->tls);
	free(gates->by_fd);
	free(gates);
}

struct gate *gate_of(struct gates *gates, struct evhttp_request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);

	if (!connection)
		return NULL;
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
	return fd >= 0 && (size_t)fd < gates->fds ? gates->by_fd[fd] : NULL;
}

/* The answer has been written. evhttp looks at its headers once more before it goes on. */
static void on_answered(struct evhttp_request *request, void *arg)
{
	struct gate *gate = arg;

	enter(gate, GATE_IDLE);
	gate->served = true;
	if (gate->excess || gate->gates->drained)
		evhttp_add_header(evhttp_request_get_output_headers(request), "Connection",
				  "close");
	set_timer(gate, gate->gates->settings->reply_deadline);
}

int64_t gate_serve(struct gate *gate, struct evhttp_request *request)
{
	enter(gate, GATE_SERVING);
	evhttp_request_set_on_complete_cb(request, on_answered, gate);
	return gate->began;
}

void gate_stream(struct gate *gate, void (*closed)(void *arg), void *arg)
{
	assert(gate->state == GATE_SERVING);
	evtimer_del(gate->timer);
	gate->closed = closed;
	gate->closed_arg = arg;
}

void gate_cut(struct gate *gate)
{
	hang_up(gate);
}

size_t gate_unsent(const struct gate *gate)
{
	return evbuffer_get_length(bufferevent_get_output(gate->stream));
}

bool gate_must_close(const struct gate *gate)
{
	const struct gates *gates = gate->gates;

	return gate->excess || gates->drained || gates->count > gates->most / 2;
}
