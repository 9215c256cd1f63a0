#include "dispatcher/reply/http/source.h"

#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool is_v4(const struct source *source)
{
	return memcmp(source->bytes, v4_mapped, sizeof v4_mapped) == 0;
}

static struct source from_v4(const void *address)
{
	struct source source;

	memcpy(source.bytes, v4_mapped, sizeof v4_mapped);
	memcpy(source.bytes + sizeof v4_mapped, address, 4);
	return source;
}

static struct source from_v6(const void *address)
{
	struct source source;

	memcpy(source.bytes, address, sizeof source.bytes);
	return source;
}

/* ::1 stays itself. */
struct source source_network(struct source source)
{
	if (!is_v4(&source) && !source_is_loopback(&source))
		memset(source.bytes + 8, 0, 8);
	return source;
}

static bool parse(const char *text, size_t length, struct source *source)
{
	uint8_t address[16];
	char copy[INET6_ADDRSTRLEN];

	while (length && (*text == ' ' || *text == '\t')) {
		text++;
		length--;
	}
	while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	if (length >= sizeof copy)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (inet_pton(AF_INET, copy, address) == 1)
		*source = from_v4(address);
	else if (inet_pton(AF_INET6, copy, address) == 1)
		*source = from_v6(address);
	else
		return false;
	return true;
}

struct source source_of_socket(int fd)
{
	struct sockaddr_storage peer = {0};
	socklen_t length = sizeof peer;

	if (getpeername(fd, (struct sockaddr *)&peer, &length) < 0)
		return (struct source){0};
	if (peer.ss_family == AF_INET)
		return from_v4(&((const struct sockaddr_in *)(const void *)&peer)->sin_addr);
	if (peer.ss_family == AF_INET6)
		return from_v6(&((const struct sockaddr_in6 *)(const void *)&peer)->sin6_addr);
	return (struct source){0};
}

bool source_is_loopback(const struct source *source)
{
	static const uint8_t v6[16] = {[15] = 1};

	return (is_v4(source) && source->bytes[12] == 127) ||
	       memcmp(source->bytes, v6, sizeof v6) == 0;
}

bool source_is_proxy(const struct source *source, const char *proxies)
{
	while (*proxies) {
		size_t length = strcspn(proxies, ",");
		struct source proxy;
		if (parse(proxies, length, &proxy) &&
		    memcmp(proxy.bytes, source->bytes, sizeof proxy.bytes) == 0)
			return true;
		proxies += length + (proxies[length] == ',');
	}
	return false;
}

/* From the end: what stands before the first stranger was written by the stranger. */
static bool from_header(const char *header, const char *proxies, struct source *source)
{
	size_t end = strlen(header);

	for (;;) {
		size_t start = end;
		while (start && header[start - 1] != ',')
			start--;
		if (!parse(header + start, end - start, source))
			return false;
		if (!source_is_proxy(source, proxies))
			return true;
		if (!start)
			return false;
		end = start - 1;
	}
}

struct source source_of_request(struct evhttp_request *request, const char *proxies)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);
	struct source peer = {0}, told;

	if (connection)
		peer = source_of_socket(
			bufferevent_getfd(evhttp_connection_get_bufferevent(connection)));
	const char *header =
		evhttp_find_header(evhttp_request_get_input_headers(request), "X-Forwarded-For");
	if (header && source_is_proxy(&peer, proxies) && from_header(header, proxies, &told))
		return source_network(told);
	return source_network(peer);
}

/* FNV-1a from a start that nobody outside knows, so that nobody can aim at a slot. */
uint32_t source_slot(const struct source *source, uint32_t slots)
{
	static uint64_t start;
	uint64_t hash;

	while (!start)
		if (RAND_bytes((unsigned char *)&start, sizeof start) != 1)
			abort(); /* no random numbers: nothing else would work either */
	hash = start;
	for (size_t i = 0; i < sizeof source->bytes; i++)
		hash = (hash ^ source->bytes[i]) * UINT64_C(0x100000001b3);
	return (uint32_t)((hash >> 32) % slots);
}

const char *source_text(const struct source *source, char text[SOURCE_TEXT])
{
	bool v4 = is_v4(source);

	if (!inet_ntop(v4 ? AF_INET : AF_INET6, source->bytes + (v4 ? sizeof v4_mapped : 0), text,
		       SOURCE_TEXT))
		*text = '\0';
	return text;
}
