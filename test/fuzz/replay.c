/*
 * Runs a fuzz target over given files and folders, without a fuzzer: seeds, and inputs that once
 * brought a fault to light.
 */

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "test/fuzz/target.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int files;

static void die(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	exit(EXIT_FAILURE);
}

static void run_file(const char *path)
{
	FILE *file = fopen(path, "re");
	struct buf all = {0};
	char part[65536];
	size_t got;

	if (!file)
		die(path);
	while ((got = fread(part, 1, sizeof part, file)) > 0)
		buf_add(&all, part, got);
	if (ferror(file) || fclose(file) != 0)
		die(path);
	fprintf(stderr, "%s\n", path);
	/* a copy of its exact length, so that the sanitizer sees each step beyond it */
	uint8_t *bytes = malloc(all.length ? all.length : 1);
	if (!bytes)
		die(path);
	if (all.length)
		memcpy(bytes, all.data, all.length);
	LLVMFuzzerTestOneInput(bytes, all.length);
	free(bytes);
	buf_free(&all);
	files++;
}

static void run(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir && errno == ENOTDIR)
		return run_file(path);
	if (!dir)
		die(path);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		char *inner = mem_format("%s/%s", path, entry->d_name);
		run(inner);
		free(inner);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		run(argv[i]);
	printf("%d inputs\n", files);
	return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
