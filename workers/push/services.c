#include "workers/push/services.h"

#include "common/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ORIGIN_MOST = 280 };

struct service {
	char origin[ORIGIN_MOST]; /* "": free */
	bool worked, failing;
	int64_t worked_at, failing_since, rest_until, heard_at;
};

/* A device that is in trouble. */
struct troubled {
	int64_t device; /* 0: free */
	int64_t since, heard_at;
};

struct services {
	struct service list[SERVICES_KNOWN];
	struct troubled troubled[DEVICES_KNOWN];
};

struct services *services_new(void)
{
	struct services *services = mem_alloc(sizeof *services);

	for (size_t i = 0; i < DEVICES_KNOWN; i++)
		services->troubled[i].heard_at = INT64_MIN;
	return services;
}

void services_free(struct services *services)
{
	free(services);
}

static const struct service *find(const struct services *services, const char *origin)
{
	for (size_t i = 0; i < SERVICES_KNOWN; i++)
		if (strcmp(services->list[i].origin, origin) == 0)
			return &services->list[i];
	return NULL;
}

static struct service *find_or_make(struct services *services, const char *origin, int64_t now)
{
	struct service *service = NULL;

	for (size_t i = 0; i < SERVICES_KNOWN; i++) {
		struct service *one = &services->list[i];
		if (strcmp(one->origin, origin) == 0) {
			one->heard_at = now;
			return one;
		}
		if (!service || !*one->origin ||
		    (*service->origin && one->heard_at < service->heard_at))
			service = one;
	}
	*service = (struct service){.heard_at = now};
	snprintf(service->origin, sizeof service->origin, "%s", origin);
	return service;
}

static bool worked_lately(const struct service *service, int64_t now)
{
	return service && service->worked && now - service->worked_at < SERVICES_RECENT;
}

/* Its place among those in trouble; else the place of the one not heard of for longest. */
static size_t place_of(const struct services *services, int64_t device)
{
	const struct troubled *list = services->troubled;
	size_t oldest = 0;

	for (size_t i = 0; i < DEVICES_KNOWN; i++) {
		if (list[i].device == device)
			return i;
		if (list[i].heard_at < list[oldest].heard_at)
			oldest = i;
	}
	return oldest;
}

void services_worked(struct services *services, const char *origin, int64_t device, int64_t now)
{
	struct service *service = find_or_make(services, origin, now);
	struct troubled *troubled = &services->troubled[place_of(services, device)];

	service->worked = true;
	service->worked_at = now;
	service->rest_until = 0;
	service->failing = false;
	if (troubled->device == device)
		*troubled = (struct troubled){.heard_at = INT64_MIN};
}

void services_failed(struct services *services, const char *origin, int64_t device, int64_t now)
{
	struct service *service = find_or_make(services, origin, now);
	struct troubled *troubled = &services->troubled[place_of(services, device)];

	if (!service->failing)
		service->failing_since = now;
	service->failing = true;
	if (troubled->device != device)
		*troubled = (struct troubled){.device = device, .since = now};
	troubled->heard_at = now;
}

bool services_lost_patience(const struct services *services, const char *origin, int64_t device,
			    int64_t patience, int64_t now)
{
	const struct service *service = find(services, origin);
	const struct troubled *troubled = &services->troubled[place_of(services, device)];

	if (service && service->failing && now - service->failing_since >= patience)
		return true;
	return troubled->device == device && now - troubled->since >= patience;
}

void services_rest(struct services *services, const char *origin, int64_t ms, int64_t now)
{
	find_or_make(services, origin, now)->rest_until =
		now + (ms < SERVICES_REST_MOST ? ms : SERVICES_REST_MOST);
}

bool services_resting(const struct services *services, const char *origin, int64_t now)
{
	const struct service *service = find(services, origin);

	return service && now < service->rest_until;
}

enum outcome services_trouble(const struct services *services, const char *origin, int64_t now)
{
	if (worked_lately(find(services, origin), now))
		return OUTCOME_OUTAGE;
	for (size_t i = 0; i < SERVICES_KNOWN; i++)
		if (worked_lately(&services->list[i], now))
			return OUTCOME_TEMPORARY;
	return OUTCOME_OUTAGE;
}
