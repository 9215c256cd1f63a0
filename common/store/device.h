#pragma once

/*
 * Devices: where the push notifications of a person go. Added by the person (reply page), removed
 * by the push service (it says that a subscription is gone) or by an admin.
 *
 * An endpoint is a secret of its device: it never reaches a log or an answer, nor do its keys.
 */

#include "common/base/vocabulary.h"
#include "common/store/store.h"

enum { DEVICES_MOST = 5 /* of one person */, DEVICE_ENDPOINT_MOST = 2048, DEVICE_LABEL_MOST = 64 };

struct device {
	int64_t id; /* set by device_put() */
	enum device_kind kind;
	const char *endpoint;
	const char *p256dh, *auth; /* Web Push; else empty */
	const char *label;
	int64_t created_at; /* UTC milliseconds */
};

/*
 * In a transaction of the caller's. A device that is there already, whoever had it, is this
 * person's from now on; of more than DEVICES_MOST the oldest go.
 */
MUST_USE enum store_status device_put(struct store *store, int64_t person, struct device *device);

/* STORE_NONE: the person has no such device. */
MUST_USE enum store_status device_remove(struct store *store, int64_t person, int64_t id);

/* Appends to the ledger that a device came or went; in the same transaction. */
MUST_USE enum store_status device_record(struct store *store, const char *who, const char *action,
					 int64_t person, int64_t device);

/* The oldest first. The texts are good until the next. */
MUST_USE enum store_status device_each(struct store *store, int64_t person,
				       void (*see)(const struct device *device, void *arg),
				       void *arg);

/*
 * What a push job needs, all devices of a person at once: `job` becomes the array that stands for
 * the job's address (common/queue/job.h), `names` "devices 3 4", which is what the attempt keeps.
 * Both stay empty where there is no device.
 */
MUST_USE enum store_status device_addresses(struct store *store, int64_t person, struct buf *job,
					    struct buf *names);
