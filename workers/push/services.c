#include "workers/push/services.h"

#include "common/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ORIGIN_MOST = 280 };

struct service {
	char origin[ORIGIN_MOST]; /* "": free */
	bool worked;
	int64_t worked_at, rest_until, heard_at;
};

struct services {
	struct service list[SERVICES_KNOWN];
};

struct services *services_new(void)
{
	return mem_alloc(sizeof(struct services));
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

void services_worked(struct services *services, const char *origin, int64_t now)
{
	struct service *service = find_or_make(services, origin, now);

	service->worked = true;
	service->worked_at = now;
	service->rest_until = 0;
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
