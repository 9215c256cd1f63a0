#include "dispatcher/reply/watchers.h"

#include "common/base/must.h"
#include "dispatcher/reply/source.h"

#include <event2/bufferevent.h>
#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>

/* A proxy on this host connects from loopback for anybody. What it says of them is not believed. */
static bool came_by_proxy(const struct visit *visit)
{
	static const char *const marks[] = {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"};
	struct evkeyvalq *headers = evhttp_request_get_input_headers(visit->request);

	for (size_t i = 0; i < LENGTH(marks); i++)
		if (evhttp_find_header(headers, marks[i]))
			return true;
	return false;
}

static bool from_here(const struct visit *visit)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(visit->request);
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
	struct source peer = source_of_socket(fd);

	return source_is_loopback(&peer) && !came_by_proxy(visit);
}

static bool has_token(const struct visit *visit)
{
	static const char scheme[] = "Bearer ";
	const char *wanted = visit->server->settings->reply_stats_token;
	const char *given = evhttp_find_header(evhttp_request_get_input_headers(visit->request),
					       "Authorization");

	if (!*wanted || !given || strncasecmp(given, scheme, sizeof scheme - 1) != 0)
		return false;
	given += sizeof scheme - 1;
	return strlen(given) == strlen(wanted) && CRYPTO_memcmp(given, wanted, strlen(wanted)) == 0;
}

bool watchers_let_in(struct visit *visit)
{
	bool token_is_set = *visit->server->settings->reply_stats_token;

	if (from_here(visit) || has_token(visit))
		return true;
	respond_wrong(visit, token_is_set ? 401 : 403);
	return false;
}
