#include "workers/push/sender.h"

#include "common/auth/vapid.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/conf/transport.h"
#include "workers/push/fcm.h"
#include "workers/push/services.h"
#include "workers/push/webpush.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sender {
	struct http_client *client;
	struct vapid *vapid;
	struct fcm *fcm; /* NULL: not set up */
	struct services *services;
	bool null; /* nothing goes out */
};

struct sender *sender_open(const struct settings *settings, struct buf *fault)
{
	struct sender *sender = mem_alloc(sizeof *sender);
	char *file = vapid_file(settings);
	bool apps = *settings->push_fcm_service_account;

	sender->services = services_new();
	sender->null = transport_is_null(settings, CHANNEL_PUSH);
	sender->vapid = vapid_load(file, fault);
	if (sender->vapid && apps)
		sender->fcm =
			fcm_open(settings->push_fcm_service_account, settings->push_fcm_url, fault);
	bool opened = sender->vapid && (sender->fcm || !apps);
	if (opened)
		sender->client =
			http_client_new(settings->push_allow_private, settings->push_tls_ca_file,
					"push.tls_ca_file", fault);
	free(file);
	if (sender->client)
		return sender;
	sender_free(sender);
	return NULL;
}

void sender_free(struct sender *sender)
{
	if (!sender)
		return;
	http_client_free(sender->client);
	vapid_free(sender->vapid);
	fcm_free(sender->fcm);
	services_free(sender->services);
	free(sender);
}

/* packing */

static void decide(struct parcel *parcel, enum outcome outcome, const char *words)
{
	parcel->outcome = outcome;
	snprintf(parcel->words, sizeof parcel->words, "%s", words);
}

static void pack_for_browser(const struct notification *notification, struct parcel *parcel)
{
	const struct push_device *device = &parcel->device;
	struct webpush_keys keys;
	struct buf text = {0};

	notification_for_browser(notification, &text);
	if (!webpush_keys_read(device->p256dh, device->auth, &keys)) {
		decide(parcel, OUTCOME_REFUSED, "its keys are none");
		parcel->gone = true;
	} else if (text.length > WEBPUSH_MOST) {
		decide(parcel, OUTCOME_REFUSED, "the message is too long");
	} else {
		webpush_seal(&keys, text.data, text.length, &parcel->body);
	}
	webpush_keys_clear(&keys);
	buf_free(&text);
}

void sender_pack(const struct push_device *device, const struct notification *notification,
		 int64_t now, struct parcel *parcel)
{
	parcel->device = *device;
	parcel->ttl = notification->ttl;
	memcpy(parcel->topic, notification->topic, sizeof parcel->topic);
	if (device->kind == DEVICE_FCM)
		notification_for_app(notification, device->endpoint, now, &parcel->body);
	else
		pack_for_browser(notification, parcel);
}

void parcel_free(struct parcel *parcel)
{
	buf_free(&parcel->body);
	buf_free(&parcel->origin);
	buf_free(&parcel->authorization);
}

/* sending */

static bool patience_is_over(const struct sender *sender, const struct settings *settings,
			     const struct parcel *parcel)
{
	return services_lost_patience(sender->services, buf_text(&parcel->origin),
				      parcel->device.id, settings->push_patience,
				      clock_monotonic());
}

/* Where it goes; decided where it does not go anywhere now. */
static void address(struct sender *sender, const struct settings *settings, struct parcel *parcel)
{
	bool app = parcel->device.kind == DEVICE_FCM;
	int64_t monotonic = clock_monotonic();
	const char *url = !app ? parcel->device.endpoint : sender->fcm ? fcm_url(sender->fcm) : "";

	if (app && !sender->fcm)
		decide(parcel, OUTCOME_REFUSED, "FCM is not set up");
	else if (!http_origin(url, &parcel->origin))
		decide(parcel, OUTCOME_REFUSED, "no web address");
	else if (services_resting(sender->services, buf_text(&parcel->origin), monotonic))
		decide(parcel,
		       patience_is_over(sender, settings, parcel)
			       ? OUTCOME_TEMPORARY
			       : services_trouble(sender->services, buf_text(&parcel->origin),
						  monotonic),
		       "the service wants to be left alone for a while");
}

/* A batch that takes longer than redis.claim_timeout would be handed to another worker as well. */
static int64_t patience(const struct settings *settings)
{
	int64_t most = settings->redis_claim_timeout / 4;

	return settings->push_timeout < most ? settings->push_timeout : most;
}

/* One token for all that go to FCM. */
static void get_access(struct sender *sender, const struct settings *settings,
		       struct parcel *parcels, size_t count, int64_t now)
{
	struct buf why = {0};
	bool asked = false, ready = sender->null;

	for (size_t i = 0; i < count; i++) {
		if (parcels[i].outcome || parcels[i].device.kind != DEVICE_FCM)
			continue;
		if (!asked && !ready)
			ready = fcm_ready(sender->fcm, sender->client, now, patience(settings),
					  &why);
		asked = true;
		if (!ready)
			decide(&parcels[i], OUTCOME_OUTAGE, buf_text(&why));
	}
	buf_free(&why);
}

static bool may_go(void *arg)
{
	const struct parcel *parcel = arg;

	return parcel->wanted(parcel->wanted_arg, parcel->job);
}

static struct http_request request_for(const struct sender *sender, const struct settings *settings,
				       struct parcel *parcel, int64_t now)
{
	if (parcel->device.kind == DEVICE_FCM)
		return (struct http_request){
			.url = fcm_url(sender->fcm),
			.headers = {fcm_authorization(sender->fcm),
				    "Content-Type: application/json"},
			.body = parcel->body.data,
			.length = parcel->body.length,
			.go = may_go,
			.arg = parcel,
		};

	buf_text_add(&parcel->authorization, "Authorization: ");
	vapid_authorize(sender->vapid, buf_text(&parcel->origin), settings->push_contact, now,
			&parcel->authorization);
	snprintf(parcel->ttl_header, sizeof parcel->ttl_header, "TTL: %" PRId64, parcel->ttl);
	snprintf(parcel->topic_header, sizeof parcel->topic_header, "Topic: %s", parcel->topic);
	return (struct http_request){
		.url = parcel->device.endpoint,
		.headers = {buf_text(&parcel->authorization), parcel->ttl_header,
			    parcel->topic_header, "Urgency: high", "Content-Encoding: aes128gcm",
			    "Content-Type: application/octet-stream"},
		.body = parcel->body.data,
		.length = parcel->body.length,
		.go = may_go,
		.arg = parcel,
	};
}

/* The status alone: what a service says beside it may hold the endpoint, which is a secret. */
static void put_words(struct parcel *parcel, const struct http_request *request)
{
	if (request->end == HTTP_ANSWERED && !*request->why)
		snprintf(parcel->words, sizeof parcel->words, "status %d%s", request->status,
			 parcel->gone ? ", gone" : "");
	else
		snprintf(parcel->words, sizeof parcel->words, "%s", request->why);
}

static enum outcome outcome_of(struct sender *sender, const struct settings *settings,
			       const struct parcel *parcel, const struct http_request *request,
			       enum verdict verdict)
{
	const char *origin = buf_text(&parcel->origin);
	int64_t now = clock_monotonic(), rest;

	switch (verdict) {
	case VERDICT_TAKEN:
		return OUTCOME_DELIVERED;
	case VERDICT_REFUSED:
	case VERDICT_GONE:
		return OUTCOME_REFUSED;
	case VERDICT_UNKNOWN:
		return OUTCOME_UNKNOWN;
	case VERDICT_TROUBLE:
		break;
	}
	if (judge_rest(request, parcel->device.kind, &rest))
		services_rest(sender->services, origin, rest, now);
	if (request->end == HTTP_ANSWERED)
		services_failed(sender->services, origin, parcel->device.id, now);
	if (patience_is_over(sender, settings, parcel))
		return OUTCOME_TEMPORARY;
	return services_trouble(sender->services, origin, now);
}

static void judge(struct sender *sender, const struct settings *settings, struct parcel *parcel,
		  const struct http_request *request)
{
	enum verdict verdict = judge_answer(request, parcel->device.kind);

	if (request->end == HTTP_CALLED_OFF) {
		decide(parcel, OUTCOME_NOT_TRIED, "stopped");
		return;
	}
	if (verdict == VERDICT_TAKEN || verdict == VERDICT_GONE)
		services_worked(sender->services, buf_text(&parcel->origin), parcel->device.id,
				clock_monotonic());
	if (parcel->device.kind == DEVICE_FCM && request->status == 401)
		fcm_forget_token(sender->fcm);
	parcel->outcome = outcome_of(sender, settings, parcel, request, verdict);
	parcel->gone = verdict == VERDICT_GONE;
	put_words(parcel, request);
}

/* The null transport: every service takes what may go. */
static void discard(struct http_request *requests, size_t count)
{
	enum { CREATED = 201 };

	for (size_t i = 0; i < count; i++) {
		requests[i].end = may_go(requests[i].arg) ? HTTP_ANSWERED : HTTP_CALLED_OFF;
		requests[i].status = CREATED;
		snprintf(requests[i].why, sizeof requests[i].why, "null transport: not sent");
	}
}

void sender_send(struct sender *sender, const struct settings *settings, struct parcel *parcels,
		 size_t count, int64_t now, wanted_fn wanted, void *arg)
{
	struct http_request *requests = mem_array(count, sizeof *requests);
	struct parcel **sent = mem_array(count, sizeof(struct parcel *));
	size_t made = 0;

	for (size_t i = 0; i < count; i++)
		if (!parcels[i].outcome)
			address(sender, settings, &parcels[i]);
	get_access(sender, settings, parcels, count, now);
	for (size_t i = 0; i < count; i++) {
		if (parcels[i].outcome)
			continue;
		parcels[i].wanted = wanted;
		parcels[i].wanted_arg = arg;
		requests[made] = request_for(sender, settings, &parcels[i], now);
		sent[made++] = &parcels[i];
	}
	if (sender->null)
		discard(requests, made);
	else if (made > 0)
		http_run(sender->client, requests, made, patience(settings));
	/* Those that were taken first: they tell which services work. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < made; i++)
			if ((judge_answer(&requests[i], sent[i]->device.kind) == VERDICT_TAKEN) ==
			    (pass == 0))
				judge(sender, settings, sent[i], &requests[i]);
	for (size_t i = 0; i < made; i++)
		buf_free(&requests[i].answer);
	free(requests);
	free(sent);
}
