#include "dispatcher/reply/voice/webhook.h"

#include "common/auth/webhook.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/text/url.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

char *webhook_url(const struct server *server, const char *path)
{
	const struct settings *s = server->settings;
	char *base = url_base(*s->voice_callback_url ? s->voice_callback_url : s->reply_base_url);
	char *url = mem_format("%s%s", base, path);

	free(base);
	return url;
}

const char *webhook_signature(const struct visit *visit)
{
	return evhttp_find_header(evhttp_request_get_input_headers(visit->request),
				  "X-Twilio-Signature");
}

/* By the token of any of our accounts. */
static bool is_signed(const struct visit *visit, const struct form *form)
{
	const struct accounts *accounts = &visit->server->accounts;
	const char *signature = webhook_signature(visit);
	char *url = webhook_url(visit->server, evhttp_request_get_uri(visit->request));
	struct webhook_field fields[FORM_FIELDS];
	bool good = false;

	for (size_t i = 0; i < form->count; i++)
		fields[i] = (struct webhook_field){form->field[i].name, form->field[i].value};
	for (size_t i = 0; signature && i < accounts->count; i++)
		good |= webhook_is_signed(accounts->list[i].token, url, fields, form->count,
					  signature);
	free(url);
	return good;
}

bool webhook_open(const struct visit *visit, struct form *form)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(visit->request);
	size_t length = evbuffer_get_length(body);
	const char *bytes = length ? (const char *)evbuffer_pullup(body, -1) : "";

	if (evhttp_request_get_command(visit->request) != EVHTTP_REQ_POST) {
		evhttp_add_header(evhttp_request_get_output_headers(visit->request), "Allow",
				  "POST");
		respond_problem(visit, 405);
		return false;
	}
	if (form_decode_raw(bytes, length, form) != FORM_SOUND) {
		respond_problem(visit, 400);
		return false;
	}
	if (is_signed(visit, form))
		return true;
	visit->server->traffic.unsigned_webhooks++;
	log_warning("voice.unsigned", "hint=%s",
		    log_quote("see voice.accounts and voice.callback_url"));
	respond_problem(visit, 403);
	form_free(form);
	return false;
}

const char *webhook_field(const struct form *form, const char *name)
{
	const char *value = form_value(form, name);

	return value ? value : "";
}

char *webhook_query(const struct visit *visit, const char *name)
{
	const char *query = strchr(evhttp_request_get_uri(visit->request), '?');
	struct form form;

	if (!query || form_decode(query + 1, strlen(query + 1), &form) != FORM_SOUND)
		return mem_string("");
	char *value = mem_string(webhook_field(&form, name));
	form_free(&form);
	return value;
}

int64_t webhook_number(const struct visit *visit, const char *name)
{
	char *text = webhook_query(visit, name);
	int64_t number = atoll(text);

	free(text);
	return number;
}

void webhook_answer(const struct visit *visit, struct buf *script)
{
	respond(visit, 200, TYPE_XML, script);
	buf_free(script);
}
