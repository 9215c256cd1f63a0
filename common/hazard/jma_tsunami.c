#include "common/hazard/build.h"
#include "common/hazard/jma.h"

#include <string.h>

/* Body/Tsunami/Forecast/Item/{Area/Code,Category/Kind/Code}. */

/* The agency's codes; an end is level 0: 解除 is no 取消. -1: none that is known. */
static int level_of(const char *code)
{
	static const struct {
		const char *code;
		int level;
	} levels[] = {
		{"00", 0}, {"50", 0}, {"60", 0},            /* none, ended */
		{"71", 1}, {"72", 1}, {"73", 1},            /* forecast */
		{"62", 2}, {"51", 3}, {"52", 4}, {"53", 4}, /* advisory, warning, major */
	};

	for (size_t i = 0; i < LENGTH(levels); i++)
		if (strcmp(code, levels[i].code) == 0)
			return levels[i].level;
	return -1;
}

enum hazard_read jma_tsunami(struct jma *jma)
{
	const struct xml_node *item = xml_at(jma->body, "Tsunami/Forecast/Item");
	struct quoted value;

	jma_earthquake(jma);
	if (!item)
		return hazard_pass(jma->reason,
				   "\"%s\" without a forecast: warnings come in reports of their "
				   "own",
				   quote(&value, jma->title));
	/* VTSE41 states all coasts that anything is in force for; VTSE51 only repeats it. */
	jma->event->restates = strncmp(jma->title, "津波情報", strlen("津波情報")) != 0;
	for (; item; item = xml_next(item)) {
		const char *code = xml_text(item, "Category/Kind/Code");
		int level = level_of(code);
		if (level < 0)
			return hazard_refuse(jma->reason,
					     "line %d: \"%s\" is no kind of tsunami warning that "
					     "is known",
					     item->line, quote(&value, code));
		if (!event_add_coast(jma->event, xml_text(item, "Area/Code"),
				     xml_text(item, "Area/Name"), level))
			return hazard_refuse(jma->reason, "line %d: names too many areas",
					     item->line);
	}
	return HAZARD_READ;
}
