#include "common/conf/datadir.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
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

bool datadir_read(const char *name, int heading_lines, bool (*add)(char *line, void *arg),
		  void *arg, struct buf *fault)
{
	char *path = datadir_path(name), *line = NULL;
	size_t room = 0;
	int number = 0;
	bool sound = true;
	FILE *file = fopen(path, "re");

	if (!file)
		buf_format(fault,
			   "%s: %s; it comes with the program: install it again, or name its "
			   "folder in $TENKO_DATADIR",
			   path, strerror(errno));
	while (file && sound && getline(&line, &room, file) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (++number <= heading_lines)
			continue;
		sound = utf8_valid(line, strlen(line)) && add(line, arg);
		if (!sound)
			buf_format(fault, "%s:%d: damaged; install it again", path, number);
	}
	if (file && sound && (ferror(file) || number <= heading_lines)) {
		buf_format(fault, "%s: cannot be read or is empty; install it again", path);
		sound = false;
	}
	sound = sound && file;
	if (file)
		fclose(file);
	free(line);
	free(path);
	return sound;
}

size_t datadir_fields(char *line, char separator, char **fields, size_t most)
{
	size_t count = 0;

	while (line && count < most) {
		fields[count++] = line;
		line = strchr(line, separator);
		if (line)
			*line++ = '\0';
	}
	return count;
}
