#include "common/hazard/areas.h"
#include "common/hazard/build.h"
#include "common/hazard/jma.h"

#include <string.h>

/*
 * Volcanic alerts (VFVO50) and eruptions (VFVO52, VFVO56): Body/VolcanoInfo[@type]/Item. One
 * VolcanoInfo names the volcano with its alert level, another the towns. An eruption counts as level
 * 3; an alert that is lifted (Kind 04) as 0 for its towns. A report that names no towns has the
 * volcano as its area, which is in none of our regions.
 */

enum { ERUPTION = 3, LIFTED = 0 };

/* The level by the code of a volcano's Kind; -1: it gives none. */
static int level_of_volcano(const char *code)
{
	static const struct {
		const char *code;
		int level;
	} levels[] = {
		{"11", 1}, {"12", 2}, {"13", 3},
		{"14", 4}, {"15", 5}, /* levels by name */
		{"21", 1}, {"22", 2}, {"23", 3},
		{"24", 4}, {"25", 5}, /* volcanoes without levels */
		{"35", 1}, {"36", 3}, /* under the sea */
	};

	for (size_t i = 0; i < LENGTH(levels); i++)
		if (strcmp(code, levels[i].code) == 0)
			return levels[i].level;
	/* 51 to 56, 61 to 65: eruptions of all kinds, seen or thought to be */
	if (strlen(code) == 2 && (code[0] == '5' || code[0] == '6') && code[1] >= '1' &&
	    code[1] <= '6')
		return strcmp(code, "55") == 0 || strcmp(code, "65") == 0 ? LIFTED : ERUPTION;
	return -1;
}

static const struct xml_node *find_info(const struct xml_node *body, const char *code_type)
{
	for (const struct xml_node *v = xml_at(body, "VolcanoInfo"); v; v = xml_next(v)) {
		const struct xml_node *areas = xml_at(v, "Item/Areas");
		if (areas && strcmp(xml_attribute(areas, "codeType"), code_type) == 0)
			return v;
	}
	return NULL;
}

static bool add_areas(struct jma *jma, const struct xml_node *item, int level, bool towns)
{
	for (const struct xml_node *a = xml_at(item, "Areas/Area"); a; a = xml_next(a)) {
		const char *code = xml_text(a, "Code"), *name = xml_text(a, "Name");
		const char *region = towns ? area_of_town(code) : "";
		if (!region[0])
			region = REGION_ELSEWHERE;
		if (!event_add_area(jma->event, region, code, "", level, name))
			return false;
	}
	return true;
}

enum hazard_read jma_volcano(struct jma *jma)
{
	const struct xml_node *volcano = find_info(jma->body, "火山名");
	const struct xml_node *towns = find_info(jma->body, "気象・地震・火山情報／市町村等");
	struct quoted value;

	if (!volcano)
		return hazard_refuse(jma->reason, "line %d: names no volcano", jma->body->line);
	const struct xml_node *item = xml_at(volcano, "Item");
	const char *code = xml_text(item, "Kind/Code");
	int level = level_of_volcano(code);
	if (level < 0)
		return hazard_pass(jma->reason,
				   "line %d: \"%s\" is neither an alert level nor an "
				   "eruption",
				   item->line, quote(&value, xml_text(item, "Kind/Name")));
	event_set_text(&jma->event->place, xml_text(item, "Areas/Area/Name"), NAME_OF_AREA_MOST);
	jma->event->restates = strncmp(jma->title, "噴火警報", strlen("噴火警報")) == 0;
	for (item = xml_at(towns ? towns : volcano, "Item"); item; item = xml_next(item)) {
		bool lifted = towns && strcmp(xml_text(item, "Kind/Code"), "04") == 0;
		if (!add_areas(jma, item, lifted ? LIFTED : level, towns != NULL))
			return hazard_refuse(jma->reason, "line %d: names too many areas",
					     item->line);
	}
	return HAZARD_READ;
}
