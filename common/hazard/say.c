#include "common/hazard/say.h"

#include "common/roster/regions.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { REGIONS_TOLD = 3 };

static bool is_intensity(enum hazard hazard)
{
	return hazard == HAZARD_EARTHQUAKE || hazard == HAZARD_EEW;
}

void say_level(struct buf *out, enum hazard hazard, int level)
{
	if (is_intensity(hazard))
		buf_format(out, "intensity %s", level_name(hazard, level));
	else
		buf_text_add(out, level_phrase(hazard, level, LANGUAGE_EN));
}

void say_region(struct buf *out, const char *region)
{
	const char *name = region_name(region);

	if (*name)
		buf_format(out, "%s (%s)", name, region);
	else if (strcmp(region, REGION_ELSEWHERE) == 0)
		buf_text_add(out, "a place in none of our regions");
	else
		buf_text_add(out, *region ? region : "no region");
}

/* Of a region there is one entry for each kind of warning. */
static void say_more(struct buf *out, const struct acted_list *list, size_t told)
{
	size_t regions = 0;

	for (size_t i = told; i < list->count; i++) {
		bool before = false;
		for (size_t j = 0; !before && j < i; j++)
			before = strcmp(list->list[i].region, list->list[j].region) == 0;
		regions += !before;
	}
	if (regions)
		buf_format(out, " and %zu more region%s", regions, regions > 1 ? "s" : "");
	else if (told < list->count)
		buf_text_add(out, " and more");
}

void say_acted(struct buf *out, enum hazard hazard, const struct acted_list *list)
{
	size_t told = list->count < REGIONS_TOLD ? list->count : REGIONS_TOLD;

	for (size_t i = 0; i < told; i++) {
		const struct acted *a = &list->list[i];
		bool same = i && a->level == a[-1].level && strcmp(a->what, a[-1].what) == 0;
		buf_text_add(out, i ? ", " : "");
		if (!same) {
			if (i && is_intensity(hazard))
				buf_text_add(out, level_name(hazard, a->level));
			else
				say_level(out, hazard, a->level);
			if (*a->what)
				buf_format(out, " (%s)", a->what);
			buf_text_add(out, " in ");
		}
		say_region(out, a->region);
	}
	say_more(out, list, told);
}

void say_regions(struct buf *out, const struct acted_list *list)
{
	size_t told = list->count < REGIONS_TOLD ? list->count : REGIONS_TOLD;

	for (size_t i = 0; i < told; i++) {
		buf_text_add(out, i ? ", " : "");
		say_region(out, list->list[i].region);
	}
	say_more(out, list, told);
}

void say_time(struct buf *out, int64_t utc_ms)
{
	enum { JST = 9 * 60 * 60 };
	time_t seconds = (time_t)(utc_ms / 1000 + JST);
	struct tm tm;
	char text[32] = "";

	if (gmtime_r(&seconds, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M JST", &tm))
		buf_text_add(out, text);
	else
		buf_format(out, "%" PRId64 " ms", utc_ms);
}

void say_span(struct buf *out, int64_t ms)
{
	int64_t minutes = ms / 60000, hours = minutes / 60;

	if (hours >= 48)
		buf_format(out, "%" PRId64 " days", hours / 24);
	else if (hours && minutes % 60)
		buf_format(out, "%" PRId64 " h %" PRId64 " min", hours, minutes % 60);
	else if (hours)
		buf_format(out, "%" PRId64 " h", hours);
	else if (minutes)
		buf_format(out, "%" PRId64 " min", minutes);
	else
		buf_format(out, "%" PRId64 " s", ms / 1000);
}

void say_addresses(struct buf *out, unsigned addresses)
{
	static const struct {
		unsigned address;
		const char *name;
	} names[] = {
		{ADDRESS_WORK, "work"},
		{ADDRESS_HOME, "home"},
		{ADDRESS_SECOND, "second"},
		{ADDRESS_DEPARTMENT, "department's"},
	};
	const char *before = "";

	for (size_t i = 0; i < LENGTH(names); i++) {
		if (!(addresses & names[i].address))
			continue;
		buf_format(out, "%s%s", before, names[i].name);
		before = " or ";
	}
}
