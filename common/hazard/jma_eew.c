#include "common/hazard/areas.h"
#include "common/hazard/build.h"
#include "common/hazard/jma.h"
#include "common/roster/regions.h"

#include <string.h>

/*
 * Earthquake early warning: Body/Intensity/Forecast/Pref/Area/ForecastInt. A forecast gives a range;
 * its upper end counts. "over" (程度以上) has no upper end and 不明 is no number: then the lower end.
 */

/* Codes of Category/Kind that mean a warning, not a mere forecast: 10, 11, 19. */
static bool is_warning(const char *code)
{
	return strcmp(code, "10") == 0 || strcmp(code, "11") == 0 || strcmp(code, "19") == 0;
}

/* -1: the range is none. Areas are warned from an intensity of 4 on. */
static int level_of(const struct xml_node *area)
{
	const char *from = xml_text(area, "ForecastInt/From"),
		   *to = xml_text(area, "ForecastInt/To");
	int low = jma_intensity(from), high = jma_intensity(to);

	if (high < 0 && strcmp(to, "over") != 0 && strcmp(to, "不明") != 0)
		return -1;
	if (low < 0 && strcmp(from, "不明") != 0)
		return -1;
	int level = high > low ? high : low;
	if (level < 0)
		level = is_warning(xml_text(area, "Category/Kind/Code")) ? 40 : 0;
	return level;
}

/* An area that the tables do not know stands for its whole district. */
static bool add_area(struct jma *jma, const struct xml_node *area, const char *district, int level)
{
	const char *code = xml_text(area, "Code"), *name = xml_text(area, "Name");
	const char *region = jma_region(code, "");
	const struct area *known = region_exists(region) ? NULL : area_by_code(AREAS_EEW, district);

	if (!known)
		return event_add_area(jma->event, region, code, "", level, name);
	for (size_t i = 0; i < known->count; i++)
		if (!event_add_area(jma->event, known->regions[i], code, "", level, name))
			return false;
	return true;
}

enum hazard_read jma_eew(struct jma *jma)
{
	jma_earthquake(jma);
	for (const struct xml_node *pref = xml_at(jma->body, "Intensity/Forecast/Pref"); pref;
	     pref = xml_next(pref)) {
		for (const struct xml_node *area = xml_at(pref, "Area"); area;
		     area = xml_next(area)) {
			int level = level_of(area);
			if (level < 0)
				return hazard_refuse(jma->reason,
						     "line %d: ForecastInt is no range of "
						     "seismic intensities",
						     area->line);
			if (!add_area(jma, area, xml_text(pref, "Code"), level))
				return hazard_refuse(jma->reason, "line %d: names too many areas",
						     area->line);
		}
	}
	return HAZARD_READ;
}
