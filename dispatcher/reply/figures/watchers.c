#include "dispatcher/reply/figures/watchers.h"

#include "common/base/digest.h"
#include "common/base/must.h"
#include "dispatcher/reply/http/gate.h"
#include "dispatcher/reply/http/source.h"

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

static bool same(const char *given, const char *wanted)
{
	return *wanted && strlen(given) == strlen(wanted) &&
	       CRYPTO_memcmp(given, wanted, strlen(wanted)) == 0;
}

/* What a browser keeps in place of the token: good as long as the token is. */
static const char *pass_for(const char *token, char *pass)
{
	static const char purpose[] = "tenko dashboard 1";
	struct digest *digest = digest_new();
	uint8_t result[DIGEST_BYTES];

	digest_begin(digest);
	digest_text(digest, purpose, sizeof purpose - 1);
	digest_text(digest, token, strlen(token));
	digest_end(digest, result);
	digest_free(digest);
	return digest_hex(result, DIGEST_BYTES, pass);
}

static enum sight sight_by_token(const struct visit *visit, const char *token)
{
	const struct settings *s = visit->server->settings;

	if (same(token, s->reply_admin_token))
		return SIGHT_NAMES;
	return same(token, s->reply_stats_token) ? SIGHT_FIGURES : SIGHT_NONE;
}

static enum sight sight_by_pass(const struct visit *visit, const char *pass)
{
	const struct settings *s = visit->server->settings;
	char wanted[DIGEST_TEXT];

	if (*s->reply_admin_token && same(pass, pass_for(s->reply_admin_token, wanted)))
		return SIGHT_NAMES;
	if (*s->reply_stats_token && same(pass, pass_for(s->reply_stats_token, wanted)))
		return SIGHT_FIGURES;
	return SIGHT_NONE;
}

static enum sight sight_by_bearer(const struct visit *visit, struct evkeyvalq *headers)
{
	static const char scheme[] = "Bearer ";
	const char *given = evhttp_find_header(headers, "Authorization");

	if (!given || strncasecmp(given, scheme, sizeof scheme - 1) != 0)
		return SIGHT_NONE;
	return sight_by_token(visit, given + sizeof scheme - 1);
}

static const char cookie_name[] = "tenko_watch=";

/* "a=b; tenko_watch=...; c=d" */
static enum sight sight_by_cookie(const struct visit *visit, struct evkeyvalq *headers)
{
	const char *at = evhttp_find_header(headers, "Cookie");
	char pass[DIGEST_TEXT];

	for (; at && *at; at += strcspn(at, ";"), at += strspn(at, "; ")) {
		if (strncmp(at, cookie_name, sizeof cookie_name - 1) != 0)
			continue;
		at += sizeof cookie_name - 1;
		size_t length = strcspn(at, "; ");
		if (length != DIGEST_TEXT - 1)
			continue;
		memcpy(pass, at, length);
		pass[length] = '\0';
		return sight_by_pass(visit, pass);
	}
	return SIGHT_NONE;
}

enum sight watchers_sight(const struct visit *visit)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(visit->request);
	enum sight by_bearer = sight_by_bearer(visit, headers),
		   by_cookie = sight_by_cookie(visit, headers);
	enum sight sight = by_bearer > by_cookie ? by_bearer : by_cookie;

	return sight == SIGHT_NONE && from_here(visit) ? SIGHT_FIGURES : sight;
}

bool watchers_enter(const struct visit *visit, const char *token, struct buf *cookie)
{
	char pass[DIGEST_TEXT];

	if (sight_by_token(visit, token) == SIGHT_NONE)
		return false;
	buf_format(cookie, "%s%s; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict%s", cookie_name,
		   pass_for(token, pass), gates_have_tls(visit->server->gates) ? "; Secure" : "");
	return true;
}

bool watchers_let_in(struct visit *visit)
{
	const struct settings *s = visit->server->settings;
	bool token_is_set = *s->reply_stats_token || *s->reply_admin_token;

	if (watchers_sight(visit) != SIGHT_NONE)
		return true;
	respond_wrong(visit, token_is_set ? 401 : 403);
	return false;
}
