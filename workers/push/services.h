#pragma once

/*
 * What this worker knows of the push services it talks to, by their origin: when each last worked,
 * and until when it asked to be left alone. Times are monotonic milliseconds.
 *
 * Endpoints are named by the phones, so one bad service must not look like an outage of the whole
 * channel, nor a dead one keep a person's chain from ending. So it is also known since when a service,
 * or a device of it, has been answered nothing but that it cannot.
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include <stdbool.h>
#include <stdint.h>

struct services;

enum {
	SERVICES_KNOWN = 64,  /* the one not heard of for longest is forgotten */
	DEVICES_KNOWN = 1024, /* that are in trouble; likewise */
	SERVICES_RECENT = 10 * 60 * 1000,
	SERVICES_REST_MOST = 10 * 60 * 1000, /* however long a service asks for */
};

struct services *services_new(void);
void services_free(struct services *services);

/* It answered, whatever it said of the one device. */
void services_worked(struct services *services, const char *origin, int64_t device, int64_t now);

/* It answered that it cannot. */
void services_failed(struct services *services, const char *origin, int64_t device, int64_t now);

/* Whether it, or this device of it, was answered nothing else for so long. */
MUST_USE bool services_lost_patience(const struct services *services, const char *origin,
				     int64_t device, int64_t patience, int64_t now);

/* It asked to be left alone for a while. */
void services_rest(struct services *services, const char *origin, int64_t ms, int64_t now);
MUST_USE bool services_resting(const struct services *services, const char *origin, int64_t now);

/*
 * What it means that a service is in trouble: an outage of the channel, as far as we can tell. But
 * where it has not worked lately and another has, the trouble is its own: the person's device is
 * refused for now.
 */
MUST_USE enum outcome services_trouble(const struct services *services, const char *origin,
				       int64_t now);
