#pragma once

/*
 * TLS of the endpoint, where reply.tls_certificate and reply.tls_key name a certificate with its chain
 * and its key (PEM). TLS 1.2 at least, with ciphers that keep what was said a secret if the key gets
 * out one day. Certificates change while we run: a context is good for the connections that were
 * opened with it, the next ones get the next.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/conf/settings.h"
#include <openssl/ssl.h>
#include <stdbool.h>

struct bufferevent;
struct event_base;

MUST_USE bool tls_wanted(const struct settings *settings);

/* NULL, with a sentence in `fault` that names the file and what to do. */
MUST_USE SSL_CTX *tls_open(const struct settings *settings, struct buf *fault);

/* The stream of a connection to come; NULL: out of memory. Closes its socket itself. */
MUST_USE struct bufferevent *tls_stream(struct event_base *base, SSL_CTX *context);

/* Says on a stream that nothing more comes; nothing where it is none of TLS. */
void tls_end(struct bufferevent *stream);
