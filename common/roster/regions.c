#include "common/roster/regions.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/conf/datadir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REGIONS_MOST = 512, PREFECTURES_MOST = 64, CODE_ROOM = 4 };

struct region {
	char code[CODE_ROOM];
	char prefecture[CODE_ROOM];
	char *name;
};

/* In order of code, as in the files. Read once and kept until the process ends. */
static struct region regions[REGIONS_MOST];
static struct region prefectures[PREFECTURES_MOST];
static size_t region_count, prefecture_count;

static bool is_code(const char *text, size_t digits)
{
	return strlen(text) == digits && strspn(text, "0123456789") == digits;
}

/* Splits in place; returns the number of fields, at most `most`. */
static size_t split(char *line, char separator, char **fields, size_t most)
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

/* Codes must rise, so that a search by halves finds them. */
static bool follows(const struct region *table, size_t count, const char *code)
{
	return count == 0 || strcmp(table[count - 1].code, code) < 0;
}

static bool add_region(char *line)
{
	char *f[7];

	if (split(line, '\t', f, 7) != 7 || region_count == REGIONS_MOST)
		return false;
	if (!is_code(f[0], 3) || !is_code(f[3], 2) || !follows(regions, region_count, f[0]))
		return false;
	struct region *r = &regions[region_count++];
	strcpy(r->code, f[0]);
	strcpy(r->prefecture, f[3]);
	r->name = mem_string(f[1]);
	return true;
}

static bool add_prefecture(char *line)
{
	char *f[2];

	if (split(line, ',', f, 2) != 2 || prefecture_count == PREFECTURES_MOST)
		return false;
	if (!is_code(f[0], 2) || !follows(prefectures, prefecture_count, f[0]))
		return false;
	struct region *r = &prefectures[prefecture_count++];
	strcpy(r->code, f[0]);
	strcpy(r->prefecture, f[0]);
	r->name = mem_string(f[1]);
	return true;
}

static bool read_table(const char *name, int heading_lines, bool (*add)(char *line),
		       struct buf *fault)
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
		sound = utf8_valid(line, strlen(line)) && add(line);
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

static void forget(struct region *table, size_t *count)
{
	while (*count)
		free(table[--*count].name);
}

bool regions_load(struct buf *fault)
{
	if (region_count && prefecture_count)
		return true;
	if (read_table("regions/regions.tsv", 1, add_region, fault) &&
	    read_table("regions/prefectures.csv", 0, add_prefecture, fault))
		return true;
	forget(regions, &region_count);
	forget(prefectures, &prefecture_count);
	return false;
}

static int compare_code(const void *code, const void *region)
{
	return strcmp(code, ((const struct region *)region)->code);
}

static const struct region *find(const char *code)
{
	switch (strlen(code)) {
	case 2:
		return bsearch(code, prefectures, prefecture_count, sizeof prefectures[0],
			       compare_code);
	case 3:
		return bsearch(code, regions, region_count, sizeof regions[0], compare_code);
	default:
		return NULL;
	}
}

bool region_exists(const char *code)
{
	return find(code) != NULL;
}

const char *region_prefecture(const char *code)
{
	const struct region *r = find(code);
	return r ? r->prefecture : NULL;
}

const char *region_name(const char *code)
{
	const struct region *r = find(code);
	return r ? r->name : "";
}

void region_each(const char *prefecture, void (*see)(const char *code, const char *name, void *arg),
		 void *arg)
{
	for (size_t i = 0; i < region_count; i++)
		if (strcmp(regions[i].prefecture, prefecture) == 0)
			see(regions[i].code, regions[i].name, arg);
}

void region_each_meant(const char *code, void (*see)(const char *code, const char *name, void *arg),
		       void *arg)
{
	const struct region *place = find(code);

	if (!place)
		return;
	see(code, place->name, arg);
	if (strlen(code) == 2)
		region_each(code, see, arg);
	else
		see(place->prefecture, region_name(place->prefecture), arg);
}
