#include "common/hazard/areas.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/conf/datadir.h"
#include "common/roster/regions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AREAS_MOST = 256, TOWNS_MOST = 4096, NAMES_MOST = 512, REGIONS_MOST = 32 };

/* A town and its region, in order of code. */
struct town {
	char code[8];
	char region[4];
	char *plain;
};

/* A region or prefecture under its plain name. */
struct named {
	char code[4];
	char *plain;
};

/* Read once and kept until the process ends. */
static struct area areas[AREA_TABLES][AREAS_MOST];
static size_t area_count[AREA_TABLES];
static struct town towns[TOWNS_MOST];
static size_t town_count;
static struct named names[NAMES_MOST];
static size_t name_count;
static char version[32];

static const char *const files[AREA_TABLES] = {
	[AREAS_TSUNAMI] = "regions/tsunami.tsv",
	[AREAS_EEW] = "regions/eew.tsv",
	[AREAS_FORECAST] = "regions/forecast.tsv",
};

static bool is_code(const char *text, size_t digits)
{
	return strlen(text) == digits && strspn(text, "0123456789") == digits;
}

char *area_plain(const char *name)
{
	struct buf plain = {0};
	size_t left = strlen(name), size;
	uint32_t c;

	for (; (size = utf8_decode(name, left, &c)) > 0; name += size, left -= size) {
		if (c == ' ' || c == '\t' || c == 0x3000)
			continue;
		if (c >= 0xff01 && c <= 0xff5e) /* full width */
			buf_char(&plain, (char)(c - 0xff01 + '!'));
		else if (c == 0x30f6 || c == 0x30f5) /* ヶ ヵ */
			buf_text_add(&plain, c == 0x30f6 ? "ケ" : "カ");
		else if (c == 0xff65) /* half-width middle dot */
			buf_text_add(&plain, "・");
		else
			buf_add(&plain, name, size);
	}
	return buf_take(&plain);
}

static bool add_area(char *line, void *arg)
{
	enum area_table table = *(enum area_table *)arg;
	char *f[3], *codes[REGIONS_MOST];

	if (datadir_fields(line, '\t', f, 3) != 3 || area_count[table] == AREAS_MOST)
		return false;
	if (strlen(f[0]) >= sizeof areas[0][0].code || !f[0][0] || !f[1][0])
		return false;
	size_t count = datadir_fields(f[2], ' ', codes, REGIONS_MOST);
	char(*regions)[4] = mem_array(count, sizeof *regions);
	for (size_t i = 0; i < count; i++) {
		if (!region_exists(codes[i])) {
			free(regions);
			return false;
		}
		strcpy(regions[i], codes[i]);
	}
	struct area *area = &areas[table][area_count[table]++];
	strcpy(area->code, f[0]);
	area->name = mem_string(f[1]);
	area->plain = area_plain(f[1]);
	area->regions = (const char(*)[4])regions;
	area->count = count;
	return true;
}

/* Codes must rise, so that a search by halves finds them. */
static bool add_town(char *line, void *arg)
{
	char *f[4];

	(void)arg;
	if (datadir_fields(line, '\t', f, 4) != 4 || town_count == TOWNS_MOST)
		return false;
	if (!is_code(f[0], 7) || !is_code(f[3], 3) || !region_exists(f[3]))
		return false;
	if (town_count > 0 && strcmp(towns[town_count - 1].code, f[0]) >= 0)
		return false;
	struct town *town = &towns[town_count++];
	strcpy(town->code, f[0]);
	strcpy(town->region, f[3]);
	town->plain = area_plain(f[1]);
	return true;
}

static bool add_version(char *line, void *arg)
{
	(void)arg;
	return snprintf(version, sizeof version, "%s", line) < (int)sizeof version;
}

static void add_name(const char *code, const char *name, void *arg)
{
	(void)arg;
	if (name_count == NAMES_MOST)
		return;
	struct named *named = &names[name_count++];
	snprintf(named->code, sizeof named->code, "%s", code);
	named->plain = area_plain(name);
}

/* Prefectures come before their regions: where both have one name (奈良県), it is the same. */
static void add_names(void)
{
	for (int number = 1; number <= 99; number++) {
		char code[12];
		snprintf(code, sizeof code, "%02d", number);
		if (region_exists(code))
			add_name(code, region_name(code), NULL);
		region_each(code, add_name, NULL);
	}
}

static void forget(void)
{
	for (int table = 0; table < AREA_TABLES; table++) {
		while (area_count[table]) {
			struct area *area = &areas[table][--area_count[table]];
			free(area->name);
			free(area->plain);
			free((void *)area->regions);
		}
	}
	while (town_count)
		free(towns[--town_count].plain);
}

bool areas_load(struct buf *fault)
{
	if (name_count)
		return true;
	bool loaded = regions_load(fault) &&
		      datadir_read("regions/version", 0, add_version, NULL, fault) &&
		      datadir_read("regions/cities.tsv", 1, add_town, NULL, fault);
	for (int i = 0; loaded && i < AREA_TABLES; i++) {
		enum area_table table = (enum area_table)i;
		loaded = datadir_read(files[table], 1, add_area, &table, fault);
	}
	if (loaded)
		add_names();
	else
		forget();
	return loaded;
}

const char *areas_version(void)
{
	return version;
}

const struct area *area_by_code(enum area_table table, const char *code)
{
	for (size_t i = 0; i < area_count[table]; i++)
		if (strcmp(areas[table][i].code, code) == 0)
			return &areas[table][i];
	return NULL;
}

const struct area *area_by_name(enum area_table table, const char *name)
{
	const struct area *found = NULL;
	char *plain = area_plain(name);

	for (size_t i = 0; !found && i < area_count[table]; i++)
		if (strcmp(areas[table][i].plain, plain) == 0)
			found = &areas[table][i];
	free(plain);
	return found;
}

const char *area_region_by_name(const char *name)
{
	const char *code = "";
	char *plain = area_plain(name);

	for (size_t i = 0; !code[0] && i < name_count; i++)
		if (strcmp(names[i].plain, plain) == 0)
			code = names[i].code;
	free(plain);
	return code;
}

const char *area_prefecture_in(const char *name)
{
	const char *code = "";
	char *plain = area_plain(name);

	for (size_t i = 0; !code[0] && i < name_count; i++)
		if (strlen(names[i].code) == 2 &&
		    strncmp(names[i].plain, plain, strlen(names[i].plain)) == 0)
			code = names[i].code;
	free(plain);
	return code;
}

/* The first town whose code begins with that or comes behind it. */
static size_t towns_from(const char *code)
{
	size_t low = 0, high = town_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (strcmp(towns[middle].code, code) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The prefecture's code as the region tables keep it, by the first digits of any code. */
static const char *prefecture_of(const char *code)
{
	char two[4] = {0};

	snprintf(two, sizeof two, "%.2s", code);
	const char *kept = region_prefecture(two);
	return kept ? kept : "";
}

/* The one region of all towns whose code begins so; "" there is none, or they lie in several. */
static const char *common_region(const char *code, int digits)
{
	const char *region = "";
	char begin[8];

	snprintf(begin, sizeof begin, "%.*s", digits, code);
	for (size_t i = towns_from(begin);
	     i < town_count && strncmp(towns[i].code, begin, (size_t)digits) == 0; i++) {
		if (region[0] && strcmp(region, towns[i].region) != 0)
			return "";
		region = towns[i].region;
	}
	return region;
}

const char *area_of_town(const char *code)
{
	if (!is_code(code, 7))
		return "";
	size_t at = towns_from(code);
	if (at < town_count && strcmp(towns[at].code, code) == 0)
		return towns[at].region;
	const char *region = common_region(code, 5);
	/* great cities have 1 in the third place; their wards share the first four digits */
	if (!region[0] && code[2] == '1')
		region = common_region(code, 4);
	return region[0] ? region : prefecture_of(code);
}

const char *area_of_place(const char *prefecture, const char *place)
{
	const char *code = area_region_by_name(prefecture), *region = "";
	char *plain = area_plain(place);
	size_t longest = 0;

	code = prefecture_of(code);
	for (size_t i = code[0] ? towns_from(code) : town_count;
	     i < town_count && strncmp(towns[i].code, code, 2) == 0; i++) {
		size_t length = strlen(towns[i].plain);
		if (length <= longest || strncmp(towns[i].plain, plain, length) != 0)
			continue;
		longest = length;
		region = towns[i].region;
	}
	free(plain);
	return region[0] ? region : code;
}
