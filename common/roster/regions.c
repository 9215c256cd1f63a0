#include "common/roster/regions.h"

#include "common/base/mem.h"
#include "common/conf/datadir.h"

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

/* Codes must rise, so that a search by halves finds them. */
static bool follows(const struct region *table, size_t count, const char *code)
{
	return count == 0 || strcmp(table[count - 1].code, code) < 0;
}

static bool add_region(char *line, void *arg)
{
	char *f[7];

	(void)arg;
	if (datadir_fields(line, '\t', f, 7) != 7 || region_count == REGIONS_MOST)
		return false;
	if (!is_code(f[0], 3) || !is_code(f[3], 2) || !follows(regions, region_count, f[0]))
		return false;
	struct region *r = &regions[region_count++];
	strcpy(r->code, f[0]);
	strcpy(r->prefecture, f[3]);
	r->name = mem_string(f[1]);
	return true;
}

static bool add_prefecture(char *line, void *arg)
{
	char *f[2];

	(void)arg;
	if (datadir_fields(line, ',', f, 2) != 2 || prefecture_count == PREFECTURES_MOST)
		return false;
	if (!is_code(f[0], 2) || !follows(prefectures, prefecture_count, f[0]))
		return false;
	struct region *r = &prefectures[prefecture_count++];
	strcpy(r->code, f[0]);
	strcpy(r->prefecture, f[0]);
	r->name = mem_string(f[1]);
	return true;
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
	if (datadir_read("regions/regions.tsv", 1, add_region, NULL, fault) &&
	    datadir_read("regions/prefectures.csv", 0, add_prefecture, NULL, fault))
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
