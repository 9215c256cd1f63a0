#include "dispatcher/reply/answers/subscribe.h"

#include "common/base/log.h"
#include "common/base/plan.h"
#include "common/store/device.h"
#include "dispatcher/reply/answers/subscription.h"

#include <event2/buffer.h>
#include <string.h>
#include <strings.h>

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
	struct subscription subscription = {0};
	bool private = visit->server->settings->push_allow_private;

	if (!subscribe_possible(visit->server)) {
		respond_problem(visit, 404);
	} else if (!is_json(visit)) {
		respond_problem(visit, 415);
	} else if (length > SUBSCRIPTION_MOST) {
		respond_problem(visit, 413);
	} else {
		const char *bytes = length ? (const char *)evbuffer_pullup(body, -1) : "";
		if (subscription_read(bytes, length, private, &subscription))
			keep(visit, &subscription.device);
		else
			respond_problem(visit, 400);
	}
	subscription_free(&subscription);
}
