#include "workers/push/devices.h"

#include "common/base/mem.h"

#include <stdlib.h>

enum { DEVICES_READ_MOST = 20 }; /* more than a person can have */

static bool read_one(json_t *json, struct push_device *device)
{
	const char *kind;
	json_int_t id;

	if (json_unpack_ex(json, NULL, JSON_STRICT, "{s:I, s:s, s:s, s:s, s:s}", "id", &id, "kind",
			   &kind, "endpoint", &device->endpoint, "p256dh", &device->p256dh, "auth",
			   &device->auth))
		return false;
	device->id = id;
	device->kind = device_kind_by_name(kind);
	return id > 0 && device->kind != DEVICE_NONE && *device->endpoint;
}

bool push_devices_read(const char *address, struct push_devices *devices)
{
	json_t *json = json_loads(address, JSON_REJECT_DUPLICATES, NULL);
	size_t count = json_array_size(json);
	bool sound = json_is_array(json) && count <= DEVICES_READ_MOST;

	*devices = (struct push_devices){.json = json};
	if (sound)
		devices->list = mem_array(count, sizeof *devices->list);
	for (size_t i = 0; sound && i < count; i++)
		sound = read_one(json_array_get(json, i), &devices->list[i]);
	if (sound)
		devices->count = count;
	else
		push_devices_free(devices);
	return sound;
}

void push_devices_free(struct push_devices *devices)
{
	free(devices->list);
	json_decref(devices->json);
	*devices = (struct push_devices){0};
}
