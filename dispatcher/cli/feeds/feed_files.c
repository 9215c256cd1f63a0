#include "dispatcher/cli/feeds/feed_files.h"

#include "common/base/mem.h"
#include "common/hazard/event.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

static int unreadable(const struct cli *cli, const char *path)
{
	return cli_fail(cli, EX_NOINPUT, "%s cannot be read: %s", path, strerror(errno));
}

static int add_file(const struct cli *cli, const char *path, struct feed_files *files)
{
	FILE *in = fopen(path, "re");
	struct buf bytes = {0};
	char block[8192];
	size_t got;

	if (!in)
		return unreadable(cli, path);
	while (bytes.length <= TELEGRAM_MOST && (got = fread(block, 1, sizeof block, in)) > 0)
		buf_add(&bytes, block, got);
	int code = ferror(in) ? unreadable(cli, path) : EX_OK;
	fclose(in);
	if (!code && bytes.length > TELEGRAM_MOST)
		code = cli_fail(cli, EX_DATAERR, "%s is longer than a telegram can be: %d bytes",
				path, TELEGRAM_MOST);
	if (code) {
		buf_free(&bytes);
		return code;
	}
	files->list = mem_resize(files->list, files->count + 1, sizeof *files->list);
	size_t length = bytes.length;
	files->list[files->count++] = (struct feed_file){
		.name = mem_string(path),
		.bytes = length ? buf_take(&bytes) : mem_string(""),
		.length = length,
	};
	return EX_OK;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int add_folder(const struct cli *cli, const char *path, struct feed_files *files)
{
	struct dirent **entries = NULL;
	int code = EX_OK, count = scandir(path, &entries, visible, alphasort);

	if (count < 0)
		return unreadable(cli, path);
	for (int i = 0; i < count; i++) {
		char *name = mem_format("%s/%s", path, entries[i]->d_name);
		struct stat found;
		if (!code && stat(name, &found) == 0 && S_ISREG(found.st_mode))
			code = add_file(cli, name, files);
		free(name);
		free(entries[i]);
	}
	free(entries);
	return code;
}

int feed_files_add(struct cli *cli, const char *path, struct feed_files *files)
{
	struct stat found;

	if (stat(path, &found) < 0)
		return unreadable(cli, path);
	return S_ISDIR(found.st_mode) ? add_folder(cli, path, files) : add_file(cli, path, files);
}

void feed_files_free(struct feed_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->list[i].name);
		free(files->list[i].bytes);
	}
	free(files->list);
	*files = (struct feed_files){0};
}
