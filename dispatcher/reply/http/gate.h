#pragma once

/*
 * A gate stands before evhttp on every connection: it sees each byte first (head.h), holds one
 * clock over the whole request, however slowly it trickles, and caps the number of connections.
 *
 *	IDLE -> HEAD -> BODY -> SERVING -> IDLE ...        a request that is answered
 *	        HEAD -> REFUSED                            one that is not: the gate answers itself
 *	IDLE -> REFUSED                                    the source has too many connections
 *
 * A refused connection is taken away from evhttp: the answer is written, what still comes in is
 * read and thrown away for a while (else the peer's system discards the answer), then evhttp is
 * told that the connection is gone. A request never shares its connection with bytes that came
 * before it was answered: such a connection is closed after the answer.
 *
 * At the cap nothing more is accepted until a connection goes; those who wait in the listening
 * socket's queue are not turned away. One source that has reply.source_connections of its own is
 * told to wait (429), so that it does not take the places of all others. This machine itself and
 * the proxies that are named are no such source.
 */

#include "common/base/must.h"
#include "common/conf/settings.h"
#include "dispatcher/reply/http/traffic.h"
#include <event2/event.h>
#include <event2/http.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct gates;
struct gate;

/*
 * Gates for all connections of `http`, of which at most `most` are open at a time; the rest of the
 * settings may change while it runs. The server calls gates_listen() with its one listening socket
 * afterwards.
 */
struct gates *gates_new(struct event_base *base, struct evhttp *http, int most,
			const struct settings *settings, struct traffic *traffic);
void gates_listen(struct gates *gates, struct evhttp_bound_socket *socket);

/* What connections are opened with from now on; NULL: without TLS. Takes it. */
void gates_set_tls(struct gates *gates, SSL_CTX *tls);
bool gates_have_tls(const struct gates *gates);

int gates_count(const struct gates *gates);

/* Takes no more requests: closes what is idle and calls `done` when the last connection is
 * gone. */
void gates_drain(struct gates *gates, void (*done)(void *arg), void *arg);

/* After evhttp_free(). */
void gates_free(struct gates *gates);

/* The gate that a request came through; NULL where its connection is gone. */
struct gate *gate_of(struct gates *gates, struct evhttp_request *request);

/* The request was handed to us, whole. When its first byte came, on the monotonic clock. */
int64_t gate_serve(struct gate *gate, struct evhttp_request *request);

/*
 * The answer is one that goes on until somebody has enough of it: no clock is held over it any more.
 * `closed` is told when the connection goes; it may not touch the request.
 */
void gate_stream(struct gate *gate, void (*closed)(void *arg), void *arg);
/* Closes a connection whose answer is such a one; `closed` is called within. */
void gate_cut(struct gate *gate);
/* Bytes of the answer that the other side has not taken yet. */
size_t gate_unsent(const struct gate *gate);

/* Whether the answer must close the connection. */
bool gate_must_close(const struct gate *gate);
