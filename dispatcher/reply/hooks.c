#include "dispatcher/reply/hooks.h"

#include "common/auth/hook_token.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/hazard/event.h"
#include "common/queue/poke.h"
#include "common/store/telegram.h"
#include "dispatcher/reply/answers/batch.h"

#include <event2/buffer.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct hooked {
	struct entry entry; /* first */
	struct telegram telegram;
	bool known;
};

static enum store_status append(struct store *store, struct asked_cache *asked, struct entry *entry)
{
	struct hooked *h = (struct hooked *)entry;
	enum store_status status = telegram_append(store, &h->telegram);

	(void)asked;
	h->known = status == STORE_CONFLICT;
	if (h->known)
		status = telegram_find(store, SOURCE_HOOK, h->telegram.key, &h->telegram.id);
	return status;
}

static void tell(struct entry *entry, bool recorded)
{
	const struct hooked *h = (const struct hooked *)entry;
	struct buf answer = {0};

	if (!recorded) {
		respond_problem(&entry->visit, 503);
		return;
	}
	if (!h->known)
		poke_send_to(entry->visit.server->settings, POKED_FEED);
	log_info("hook.taken", "telegram=%lld format=%s known=%s", (long long)h->telegram.id,
		 hazard_format_name((enum hazard_format)h->telegram.format),
		 h->known ? "yes" : "no");
	buf_format(&answer, "{\"telegram\":%lld,\"new\":%s}\n", (long long)h->telegram.id,
		   h->known ? "false" : "true");
	respond(&entry->visit, h->known ? 200 : 202, TYPE_JSON, &answer);
	buf_free(&answer);
}

static void free_hooked(struct entry *entry)
{
	struct hooked *h = (struct hooked *)entry;

	telegram_free(&h->telegram);
	free(h);
}

/* Both formats in one source: the key tells them apart. */
static void take(const struct visit *visit, enum hazard_format format, const char *bytes,
		 size_t length)
{
	struct hooked *h = mem_alloc(sizeof *h);
	char digest[DIGEST_TEXT];

	*h = (struct hooked){
		.entry = {.visit = *visit, .append = append, .tell = tell, .free = free_hooked},
		.telegram = {.source = SOURCE_HOOK,
			     .key = mem_format("%s:%s", hazard_format_name(format),
					       digest_name(bytes, length, digest)),
			     .format = (int)format,
			     .state = TELEGRAM_RECEIVED,
			     .received_at = clock_utc(),
			     .bytes = mem_copy(bytes, length),
			     .length = length},
	};
	batch_add(visit->server->batch, &h->entry);
}

/* Only as far as it costs little; tenko-feed reads it. */

static bool is_json(const char *bytes, size_t length)
{
	json_t *json = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
	bool sound = json_is_object(json);

	json_decref(json);
	return sound;
}

static bool is_xml(const char *bytes, size_t length)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t at = length >= 3 && memcmp(bytes, mark, 3) == 0 ? 3 : 0;

	while (at < length && strchr(" \t\r\n", bytes[at]))
		at++;
	return at < length && bytes[at] == '<' && utf8_valid(bytes, length);
}

static bool may_enter(const struct visit *visit)
{
	struct server *server = visit->server;
	const char *given = evhttp_find_header(evhttp_request_get_input_headers(visit->request),
					       "Authorization");

	if (server->hook_token && hook_token_fits(server->hook_token, given))
		return true;
	server->traffic.hooks_refused++;
	log_warning("hook.refused", "why=%s",
		    log_quote(!server->hook_token ? "no token could be read at the start"
			      : given             ? "wrong token"
						  : "no token"));
	return false;
}

static void serve(const struct visit *visit, enum hazard_format format,
		  bool (*looks_sound)(const char *bytes, size_t length))
{
	struct evbuffer *body = evhttp_request_get_input_buffer(visit->request);
	size_t length = evbuffer_get_length(body);
	const char *bytes = length ? (const char *)evbuffer_pullup(body, -1) : "";

	if (evhttp_request_get_command(visit->request) != EVHTTP_REQ_POST) {
		evhttp_add_header(evhttp_request_get_output_headers(visit->request), "Allow",
				  "POST");
		respond_problem(visit, 405);
	} else if (!may_enter(visit)) {
		respond_wrong(visit, 401);
	} else if (!looks_sound(bytes, length)) {
		respond_problem(visit, 400);
	} else {
		take(visit, format, bytes, length);
	}
}

void hooks_serve_alertmanager(struct visit *visit, const char *rest)
{
	(void)rest;
	serve(visit, FORMAT_ALERTMANAGER, is_json);
}

void hooks_serve_cap(struct visit *visit, const char *rest)
{
	(void)rest;
	serve(visit, FORMAT_CAP, is_xml);
}
