#pragma once

/*
 * A device as a browser names it (PushSubscription.toJSON() of the Push API) or an app does, {"fcm":
 * TOKEN}. Read strictly: it decides where our worker will connect to.
 */

#include "common/base/must.h"
#include "common/store/device.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { SUBSCRIPTION_MOST = 4096 /* bytes of JSON */ };

struct subscription {
	struct device device;
	json_t *json; /* what holds its texts */
};

/* `private`: plain http will do. Free it in any case. */
MUST_USE bool subscription_read(const char *bytes, size_t length, bool private,
				struct subscription *subscription);
void subscription_free(struct subscription *subscription);
