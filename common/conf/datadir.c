#include "common/conf/datadir.h"

#include "common/base/mem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The path in `folder` if it is there, else NULL. Takes `folder`. */
static char *path_in(char *folder, const char *name)
{
	char *path = mem_format("%s/%s", folder, name);

	free(folder);
	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

/* The folder of the running program, or NULL; the caller frees. */
static char *program_folder(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

	if (length <= 0)
		return NULL;
	path[length] = '\0';
	char *slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return mem_string(path);
}

static char *path_in_build_tree(const char *name)
{
	char *program = program_folder(), *path = NULL;

	if (program)
		path = path_in(mem_format("%s/../../config", program), name);
	if (program && !path)
		path = path_in(mem_format("%s/../../../config", program), name);
	free(program);
	return path;
}

char *datadir_path(const char *name)
{
	const char *given = getenv("TENKO_DATADIR");
	char *path = given && given[0] ? path_in(mem_string(given), name) : NULL;

	if (!path)
		path = path_in_build_tree(name);
	return path ? path : mem_format("%s/%s", TENKO_DATADIR, name);
}
