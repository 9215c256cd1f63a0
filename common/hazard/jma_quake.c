#include "common/hazard/areas.h"
#include "common/hazard/build.h"
#include "common/hazard/jma.h"

#include <string.h>

/*
 * Body/Intensity/Observation/Pref/Area/City/IntensityStation. The highest of what is said below an
 * area counts: where a town's "5- or more, not reported yet" (震度５弱以上未入電) stands in a
 * Condition, the area's own MaxInt leaves it out, or is missing.
 */

/* Raises *level to an intensity. False: the text is none. */
static bool raise(const char *text, int *level)
{
	int intensity = jma_intensity(text);

	if (intensity > *level)
		*level = intensity;
	return intensity >= 0;
}

static bool raise_by_city(const struct xml_node *city, int *level, const struct xml_node **bad)
{
	const struct xml_node *most = xml_at(city, "MaxInt");

	*bad = most;
	if (most && !raise(most->text, level))
		return false;
	if (strstr(xml_text(city, "Condition"), "未入電"))
		(void)raise("未入電", level);
	for (const struct xml_node *s = xml_at(city, "IntensityStation"); s; s = xml_next(s)) {
		*bad = xml_at(s, "Int");
		if (*bad && !raise((*bad)->text, level))
			return false;
	}
	return true;
}

static bool level_of_area(const struct xml_node *area, int *level, const struct xml_node **bad)
{
	const struct xml_node *most = xml_at(area, "MaxInt");

	*level = 0;
	*bad = most;
	if (most && !raise(most->text, level))
		return false;
	if (strstr(xml_text(area, "Condition"), "未入電"))
		(void)raise("未入電", level);
	for (const struct xml_node *city = xml_at(area, "City"); city; city = xml_next(city))
		if (!raise_by_city(city, level, bad))
			return false;
	*bad = area;
	return *level > 0;
}

static enum hazard_read read_area(struct jma *jma, const struct xml_node *area,
				  const char *prefecture)
{
	const struct xml_node *bad = area;
	const char *code = xml_text(area, "Code"), *name = xml_text(area, "Name");
	struct quoted value;
	int level;

	if (!level_of_area(area, &level, &bad))
		return hazard_refuse(jma->reason, "line %d: \"%s\" is no seismic intensity",
				     bad->line, quote(&value, bad == area ? "" : bad->text));
	if (!event_add_area(jma->event, jma_region(code, prefecture), code, "", level, name))
		return hazard_refuse(jma->reason, "line %d: names too many areas", area->line);
	return HAZARD_READ;
}

enum hazard_read jma_quake(struct jma *jma)
{
	const struct xml_node *pref = xml_at(jma->body, "Intensity/Observation/Pref");

	jma_earthquake(jma);
	/* An earthquake abroad, or a new hypocentre of an old one: no areas, and none expected. */
	if (!pref && strncmp(jma->title, "震度速報", strlen("震度速報")) == 0)
		return hazard_refuse(jma->reason, "line %d: a report of intensities names none",
				     jma->body->line);
	for (; pref; pref = xml_next(pref)) {
		const char *prefecture = xml_text(pref, "Code");
		for (const struct xml_node *area = xml_at(pref, "Area"); area;
		     area = xml_next(area)) {
			enum hazard_read verdict = read_area(jma, area, prefecture);
			if (verdict != HAZARD_READ)
				return verdict;
		}
	}
	return HAZARD_READ;
}
