#include "common/hazard/areas.h"
#include "common/hazard/build.h"
#include "common/hazard/jma.h"
#include "common/roster/regions.h"

#include <string.h>

/*
 * Weather warnings and landslide alerts: Body/Warning[@type]/Item{Kind...,Area}. A telegram has the
 * same warnings several times over, for larger and smaller districts; the towns are read, as they
 * alone lead to our regions without a guess, else the prefecture's district.
 *
 * What is in force is restated as a whole: what is missing has ended. A kind that ends just now is
 * named as such, with level 0.
 */

/* The agency's codes of warnings: of what, and which level. */
static const struct kind {
	const char *code;
	const char *what;
	int level;
} kinds[] = {
	{"02", "snowstorm", 2}, {"03", "rain", 2},      {"04", "flood", 2},
	{"05", "wind", 2},      {"06", "snow", 2},      {"07", "waves", 2},
	{"08", "surge", 2},     {"09", "landslide", 2}, {"10", "rain", 1},
	{"12", "snow", 1},      {"13", "snowstorm", 1}, {"14", "thunder", 1},
	{"15", "wind", 1},      {"16", "waves", 1},     {"17", "melting", 1},
	{"18", "flood", 1},     {"19", "surge", 1},     {"20", "fog", 1},
	{"21", "dryness", 1},   {"22", "avalanche", 1}, {"23", "cold", 1},
	{"24", "frost", 1},     {"25", "icing", 1},     {"26", "wet snow", 1},
	{"27", "other", 1},     {"29", "landslide", 1}, {"32", "snowstorm", 4},
	{"33", "rain", 4},      {"35", "wind", 4},      {"36", "snow", 4},
	{"37", "waves", 4},     {"38", "surge", 4},     {"39", "landslide", 4},
	{"43", "rain", 3},      {"44", "flood", 3},     {"48", "surge", 3},
	{"49", "landslide", 3},
};

static const struct kind *find_kind(const char *code)
{
	for (size_t i = 0; i < LENGTH(kinds); i++)
		if (strcmp(kinds[i].code, code) == 0)
			return &kinds[i];
	return NULL;
}

/* The Warning of the smallest districts that we know: towns before prefectures. */
static const struct xml_node *find_warning(const struct xml_node *body)
{
	static const char *const types[] = {"（市町村等）", "土砂災害警戒情報", "（府県予報区等）"};

	for (size_t i = 0; i < LENGTH(types); i++)
		for (const struct xml_node *w = xml_at(body, "Warning"); w; w = xml_next(w))
			if (strstr(xml_attribute(w, "type"), types[i]))
				return w;
	return NULL;
}

static bool add_region(struct jma *jma, const char *region, const char *code, const char *what,
		       int level, const char *name)
{
	return event_add_area(jma->event, region[0] ? region : REGION_ELSEWHERE, code, what, level,
			      strlen(region) == 3 ? region_name(region) : name);
}

/* A town, or a district of the forecasts. */
static bool add_area(struct jma *jma, const struct xml_node *area, const char *what, int level)
{
	const char *code = xml_text(area, "Code"), *name = xml_text(area, "Name");
	const struct area *district = area_by_code(AREAS_FORECAST, code);

	if (!district)
		return add_region(jma, area_of_town(code), code, what, level, name);
	for (size_t i = 0; i < district->count; i++)
		if (!add_region(jma, district->regions[i], code, what, level, name))
			return false;
	return true;
}

static bool has_ended(const struct xml_node *kind)
{
	return strcmp(xml_text(kind, "Status"), "解除") == 0;
}

static enum hazard_read too_many(struct jma *jma, const struct xml_node *item)
{
	return hazard_refuse(jma->reason, "line %d: names too many areas", item->line);
}

static enum hazard_read no_area(struct jma *jma, const struct xml_node *item)
{
	return hazard_refuse(jma->reason, "line %d: a warning names no area", item->line);
}

static enum hazard_read read_item(struct jma *jma, const struct xml_node *item)
{
	const struct xml_node *area = xml_at(item, "Area");
	struct quoted value;

	if (!area)
		return no_area(jma, item);
	for (const struct xml_node *k = xml_at(item, "Kind"); k; k = xml_next(k)) {
		const char *code = xml_text(k, "Code");
		/* without a code: nothing is in force; 00: everything has ended */
		if (!code[0] || strcmp(code, "00") == 0)
			continue;
		const struct kind *kind = find_kind(code);
		if (!kind)
			return hazard_refuse(jma->reason,
					     "line %d: \"%s\" is no kind of warning that is known",
					     k->line, quote(&value, code));
		if (!add_area(jma, area, kind->what, has_ended(k) ? 0 : kind->level))
			return too_many(jma, item);
	}
	return HAZARD_READ;
}

static enum hazard_read no_warning(struct jma *jma)
{
	return hazard_refuse(jma->reason,
			     "line %d: a report of warnings has none for towns or "
			     "prefectures",
			     jma->body->line);
}

/* Warnings of landslides (VPWW56) are the landslide alert in four levels. */
static void set_hazard(struct hazard_event *event)
{
	bool landslides = event->area_count > 0;

	for (size_t i = 0; i < event->area_count; i++)
		landslides = landslides && strcmp(event->areas[i].what, "landslide") == 0;
	if (landslides || strstr(event->title, "土砂"))
		event->hazard = HAZARD_LANDSLIDE;
}

enum hazard_read jma_weather(struct jma *jma)
{
	const struct xml_node *warning = find_warning(jma->body);

	if (!warning)
		return no_warning(jma);
	jma->event->restates = true;
	for (const struct xml_node *i = xml_at(warning, "Item"); i; i = xml_next(i)) {
		enum hazard_read verdict = read_item(jma, i);
		if (verdict != HAZARD_READ)
			return verdict;
	}
	set_hazard(jma->event);
	return HAZARD_READ;
}

/* 0 none, 1 ended, 3 alert; the alert is level 4 of the warnings that took its place. */
enum hazard_read jma_landslide(struct jma *jma)
{
	const struct xml_node *warning = find_warning(jma->body);
	struct quoted value;

	if (!warning)
		return no_warning(jma);
	jma->event->restates = true;
	for (const struct xml_node *item = xml_at(warning, "Item"); item; item = xml_next(item)) {
		const struct xml_node *area = xml_at(item, "Area");
		const char *code = xml_text(item, "Kind/Code");
		if (!area)
			return no_area(jma, item);
		if (strcmp(code, "0") == 0)
			continue;
		if (strcmp(code, "1") != 0 && strcmp(code, "3") != 0)
			return hazard_refuse(jma->reason,
					     "line %d: \"%s\" is no kind of landslide alert that "
					     "is known",
					     item->line, quote(&value, code));
		if (!add_area(jma, area, "landslide", code[0] == '3' ? 3 : 0))
			return too_many(jma, item);
	}
	return HAZARD_READ;
}
