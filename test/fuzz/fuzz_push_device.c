/*
 * Devices: as a browser or an app names one on the reply page, and as they stand in a job.
 *
 * Seeds: test/fuzz/seeds/push_device
 */

#include "common/base/mem.h"
#include "dispatcher/reply/answers/subscription.h"
#include "test/fuzz/must.h"
#include "test/fuzz/target.h"
#include "workers/push/devices.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = mem_copy(bytes, length);
	struct push_devices devices;
	struct subscription subscription;

	if (push_devices_read(text, &devices)) {
		for (size_t i = 0; i < devices.count; i++)
			fuzz_must(devices.list[i].id > 0 && devices.list[i].endpoint &&
					  devices.list[i].kind < DEVICE_END,
				  "a device is whole");
		push_devices_free(&devices);
	}
	if (subscription_read(text, length, false, &subscription)) {
		const struct device *device = &subscription.device;
		fuzz_must(device->kind == DEVICE_FCM ||
				  strncasecmp(device->endpoint, "https:", 6) == 0,
			  "an endpoint is of https");
		fuzz_must(strlen(device->endpoint) <= DEVICE_ENDPOINT_MOST, "an endpoint is short");
		fuzz_must(strlen(device->label) <= DEVICE_LABEL_MOST, "a label is short");
	}
	subscription_free(&subscription);
	free(text);
	return 0;
}
