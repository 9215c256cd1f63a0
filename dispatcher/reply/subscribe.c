#include "dispatcher/reply/subscribe.h"

#include "common/auth/p256.h"
#include "common/base/base64url.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/plan.h"
#include "common/base/utf8.h"
#include "common/net/http_client.h"
#include "common/store/device.h"

#include <event2/buffer.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

enum { SUBSCRIPTION_MOST = 4096 /* bytes of JSON */, SECRET = 16 };

bool subscribe_possible(const struct server *server)
{
	unsigned channels = channels_by_names(server->settings->broadcast_channels);

	return server->vapid && channels & 1u << CHANNEL_PUSH;
}

bool subscribe_offered(const struct server *server, const struct reply_page *page)
{
	return subscribe_possible(server) && plan_restrict(page->plan, 1u << CHANNEL_PUSH) != 0;
}

const char *subscribe_key(const struct visit *visit)
{
	const struct server *server = visit->server;

	return visit->script && server->vapid ? vapid_public(server->vapid) : NULL;
}

/* what is sent */

/* Plain characters of a URL or a token, nothing that anything else could take for its own. */
static bool is_plain(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~' || strchr("\"\\<>^`{|}", text[i]))
			return false;
	return length > 0 && length <= DEVICE_ENDPOINT_MOST;
}

static bool is_endpoint(const char *text, bool private)
{
	struct buf origin = {0};
	bool sound = is_plain(text) && http_origin(text, &origin) &&
		     (private || strncmp(buf_text(&origin), "https:", 6) == 0);

	buf_free(&origin);
	return sound;
}

static bool are_keys(const char *p256dh, const char *auth)
{
	uint8_t point[P256_PUBLIC], secret[SECRET];

	if (!base64url_decode(p256dh, point, sizeof point) ||
	    !base64url_decode(auth, secret, sizeof secret))
		return false;
	EVP_PKEY *key = p256_from_public(point);
	EVP_PKEY_free(key);
	return key != NULL;
}

/* The device's texts stay the JSON's. */
static bool read_device(json_t *json, bool private, struct device *device)
{
	const char *label = "";

	*device = (struct device){.p256dh = "", .auth = "", .created_at = clock_utc()};
	if (json_unpack(json, "{s?s}", "label", &label) || utf8_has_controls(label, false) ||
	    strlen(label) > DEVICE_LABEL_MOST)
		return false;
	device->label = label;
	if (json_unpack(json, "{s:s}", "fcm", &device->endpoint) == 0) {
		device->kind = DEVICE_FCM;
		return is_plain(device->endpoint);
	}
	device->kind = DEVICE_WEBPUSH;
	return json_unpack(json, "{s:s, s:{s:s, s:s}}", "endpoint", &device->endpoint, "keys",
			   "p256dh", &device->p256dh, "auth", &device->auth) == 0 &&
	       is_endpoint(device->endpoint, private) && are_keys(device->p256dh, device->auth);
}

static bool is_json(const struct visit *visit)
{
	static const char type[] = "application/json";
	const char *given = evhttp_find_header(evhttp_request_get_input_headers(visit->request),
					       "Content-Type");

	return given && strncasecmp(given, type, sizeof type - 1) == 0 &&
	       strchr("; \t", given[sizeof type - 1]);
}

/* what is stored */

static enum store_status store_device(const struct visit *visit, struct device *device)
{
	struct store *store = visit->server->store;
	enum store_status status = store_begin(store);

	if (!status)
		status = device_put(store, visit->person, device);
	if (!status)
		status = device_record(store, "person", "device.added", visit->person, device->id);
	if (!status)
		return store_commit(store);
	store_rollback(store);
	return status;
}

static void keep(const struct visit *visit, struct device *device)
{
	enum store_status status = store_device(visit, device);
	struct buf answer = {0};

	if (status) {
		log_error("reply.store", "person=%lld error=%s", (long long)visit->person,
			  log_quote(store_error(visit->server->store)));
		respond_problem(visit, 503);
		return;
	}
	log_info("device.added", "person=%lld device=%lld kind=%s", (long long)visit->person,
		 (long long)device->id, device_kind_name(device->kind));
	buf_text_add(&answer, "{\"stored\":true}\n");
	respond(visit, 201, TYPE_JSON, &answer);
	buf_free(&answer);
}

void subscribe_take(struct visit *visit)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(visit->request);
	size_t length = evbuffer_get_length(body);
	json_t *json = NULL;
	struct device device;

	if (!subscribe_possible(visit->server)) {
		respond_problem(visit, 404);
	} else if (!is_json(visit)) {
		respond_problem(visit, 415);
	} else if (length > SUBSCRIPTION_MOST) {
		respond_problem(visit, 413);
	} else {
		if (length)
			json = json_loadb((const char *)evbuffer_pullup(body, -1), length,
					  JSON_REJECT_DUPLICATES, NULL);
		if (read_device(json, visit->server->settings->push_allow_private, &device))
			keep(visit, &device);
		else
			respond_problem(visit, 400);
	}
	json_decref(json);
}
