#include "common/conf/confine.h"

#include "common/base/mem.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

enum { DNS = 53, REDIS = 6379 };

void confine_begin(const struct settings *settings)
{
	if (settings->tenko_confine)
		guard_begin();
}

static void allow_in_data_dir(struct guard *guard, const struct settings *settings,
			      const char *name, unsigned access)
{
	char *path = settings_path(settings, name);

	guard_allow(guard, path, access);
	free(path);
}

/* By a unix socket no port is needed; names are asked for over TCP where answers are long. */
void confine_to_redis(struct guard *guard, const struct settings *settings)
{
	const char *address = settings->redis_address, *colon = strrchr(address, ':');

	guard_allow_connect(guard, DNS);
	if (strcmp(settings->redis_mode, "external") == 0 && strncmp(address, "unix:", 5) != 0)
		guard_allow_connect(guard, colon ? atoi(colon + 1) : REDIS);
}

void confine_to_store(struct guard *guard, const struct settings *settings)
{
	static const char *const written[] = {"tenko.db", "tenko.db-wal", "tenko.db-shm"};

	guard_allow_system(guard);
	if (settings->file)
		guard_allow_folder_of(guard, settings->file, GUARD_READ);
	guard_allow(guard, settings->tenko_data_dir, GUARD_READ);
	for (size_t i = 0; i < LENGTH(written); i++)
		allow_in_data_dir(guard, settings, written[i], GUARD_READ | GUARD_WRITE);
	allow_in_data_dir(guard, settings, "run", GUARD_READ | GUARD_WRITE | GUARD_MAKE);
}

/* Whether the folder of a file holds the data directory, at whatever depth. Both are absolute. */
static bool holds(const char *file, const char *data_dir)
{
	char *copy = mem_string(file);
	const char *folder = dirname(copy);
	size_t length = strlen(folder);
	bool inside = strcmp(folder, "/") == 0 ||
		      (strncmp(data_dir, folder, length) == 0 && strchr("/", data_dir[length]));

	free(copy);
	return inside;
}

void confine_to_settings(struct guard *guard, const struct settings *settings)
{
	char *data_dir = realpath(settings->tenko_data_dir, NULL);

	guard_allow_system(guard);
	if (settings->file && data_dir &&
	    (holds(settings->file, data_dir) ||
	     strncmp(settings->file, data_dir, strlen(data_dir)) == 0))
		guard_allow(guard, settings->file, GUARD_READ);
	else if (settings->file)
		guard_allow_folder_of(guard, settings->file, GUARD_READ);
	free(data_dir);
}

void confine_enter(struct guard *guard, const struct settings *settings)
{
	if (settings->tenko_confine)
		guard_enter(guard);
	guard_clear(guard);
}
