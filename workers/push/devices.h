#pragma once

/*
 * The devices of a job, read from its address (common/queue/job.h). Strictly: the queue may hold
 * what somebody else has put there.
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct push_device {
	int64_t id;
	enum device_kind kind;
	const char *endpoint, *p256dh, *auth; /* the list's */
};

struct push_devices {
	size_t count;
	struct push_device *list;
	json_t *json; /* what holds the texts */
};

/* False: the address is no list of devices. */
MUST_USE bool push_devices_read(const char *address, struct push_devices *devices);
void push_devices_free(struct push_devices *devices);
