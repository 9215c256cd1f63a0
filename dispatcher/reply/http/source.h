#pragma once

/*
 * Where a request comes from, for what is counted by source: the address at the other end of the
 * connection. Where that is a proxy named in reply.proxies, it is what the proxy says in
 * X-Forwarded-For: the last address there that is none of the proxies. Nobody else is believed.
 *
 * An IPv6 network of 64 bits counts as one source, as whoever has one address of it has them all.
 */

#include "common/base/must.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct evhttp_request;

struct source {
	uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
};

enum { SOURCE_TEXT = 48 };

/* The other end of a connected socket, whole; all zero where it is connected no more. */
struct source source_of_socket(int fd);

/* The network that it counts by. */
struct source source_network(struct source source);

/* What the request counts by; `proxies` is the setting. */
struct source source_of_request(struct evhttp_request *request, const char *proxies);

MUST_USE bool source_is_loopback(const struct source *source);
/* Takes a whole address. */
MUST_USE bool source_is_proxy(const struct source *source, const char *proxies);

/* A number under `slots`, another one for the same source in every process. */
MUST_USE uint32_t source_slot(const struct source *source, uint32_t slots);

/* Writes the address, for the log; returns `text`. */
const char *source_text(const struct source *source, char text[SOURCE_TEXT]);
