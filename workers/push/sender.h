#pragma once

/*
 * Sends notifications: a batch of them side by side, each judged by itself.
 *
 * A notification may go out twice where the connection breaks after it went out and before the
 * service's answer: it is unknown, and tried again. The topic is the same, so that a phone that has
 * not got the first gets one only.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/conf/settings.h"
#include "workers/push/devices.h"
#include "workers/push/judge.h"
#include "workers/push/notification.h"
#include "workers/wanted.h"
#include <stddef.h>
#include <stdint.h>

struct sender;

/* NULL, with a sentence in `fault`: notifications cannot be sent with these settings. */
MUST_USE struct sender *sender_open(const struct settings *settings, struct buf *fault);
void sender_free(struct sender *sender);

enum { PARCEL_WORDS = HTTP_WHY };

/* One notification to one device. */
struct parcel {
	size_t job;                /* whose it is, for the caller */
	struct push_device device; /* the caller's, as long as the parcel */
	struct buf body;
	int64_t ttl; /* seconds */
	char topic[TOPIC_ROOM];

	/* set by sender_pack() where that decides it, else by sender_send() */
	enum outcome outcome;     /* delivered, refused, unknown, temporary, outage, not tried */
	bool gone;                /* refused, and the device is no more */
	char words[PARCEL_WORDS]; /* the service's answer, in short */

	struct buf origin, authorization; /* sender_send()'s own */
	char ttl_header[40], topic_header[TOPIC_ROOM + 16];
	wanted_fn wanted;
	void *wanted_arg;
};

/* Puts a notification into a parcel for a device. */
void sender_pack(const struct push_device *device, const struct notification *notification,
		 int64_t now, struct parcel *parcel);
void parcel_free(struct parcel *parcel);

/*
 * Sends those that are not decided yet. `now` UTC milliseconds. `wanted` is asked with `arg` and the
 * parcel's job right before it goes out; those that are not are OUTCOME_NOT_TRIED.
 */
void sender_send(struct sender *sender, const struct settings *settings, struct parcel *parcels,
		 size_t count, int64_t now, wanted_fn wanted, void *arg);
