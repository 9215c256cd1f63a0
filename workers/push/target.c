#include "workers/push/target.h"

#include "common/base/mem.h"

#include <stdlib.h>

enum { TARGETS_MOST = 20 }; /* more than a person can have */

static bool read_one(json_t *json, struct target *target)
{
	const char *kind;
	json_int_t id;

	if (json_unpack_ex(json, NULL, JSON_STRICT, "{s:I, s:s, s:s, s:s, s:s}", "id", &id, "kind",
			   &kind, "endpoint", &target->endpoint, "p256dh", &target->p256dh, "auth",
			   &target->auth))
		return false;
	target->id = id;
	target->kind = device_kind_by_name(kind);
	return id > 0 && target->kind != DEVICE_NONE && *target->endpoint;
}

bool targets_read(const char *address, struct targets *targets)
{
	json_t *json = json_loads(address, JSON_REJECT_DUPLICATES, NULL);
	size_t count = json_array_size(json);
	bool sound = json_is_array(json) && count <= TARGETS_MOST;

	*targets = (struct targets){.json = json};
	if (sound)
		targets->list = mem_array(count, sizeof *targets->list);
	for (size_t i = 0; sound && i < count; i++)
		sound = read_one(json_array_get(json, i), &targets->list[i]);
	if (sound)
		targets->count = count;
	else
		targets_free(targets);
	return sound;
}

void targets_free(struct targets *targets)
{
	free(targets->list);
	json_decref(targets->json);
	*targets = (struct targets){0};
}
