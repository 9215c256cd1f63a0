#include "common/base/buf.h"
#include "common/base/vocabulary.h"
#include "common/hazard/areas.h"
#include "common/hazard/event.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The levels that hazards share. */
enum scale { SCALE_INTENSITY, SCALE_TSUNAMI, SCALE_WARNING, SCALE_VOLCANO, SCALE_SEVERITY, SCALES };

struct level {
	int level;
	const char *name;
	const char *phrase[LANGUAGES];
	const char *also[3]; /* other names, in lower case and without blanks */
};

enum { LEVELS_MOST = 12 };

static const struct level levels[SCALES][LEVELS_MOST] = {
	[SCALE_INTENSITY] =
		{
			{10, "1", {"震度1", "seismic intensity 1"}, {NULL}},
			{20, "2", {"震度2", "seismic intensity 2"}, {NULL}},
			{30, "3", {"震度3", "seismic intensity 3"}, {NULL}},
			{40, "4", {"震度4", "seismic intensity 4"}, {NULL}},
			{45, "5-", {"震度5弱", "seismic intensity 5 lower"}, {"5弱", "5lower"}},
			{46,
			 "5-or-more",
			 {"震度5弱以上（未入電）",
			  "seismic intensity 5 lower or more (not reported yet)"},
			 {"5弱以上未入電", "5弱以上"}},
			{50, "5+", {"震度5強", "seismic intensity 5 upper"}, {"5強", "5upper"}},
			{55, "6-", {"震度6弱", "seismic intensity 6 lower"}, {"6弱", "6lower"}},
			{60, "6+", {"震度6強", "seismic intensity 6 upper"}, {"6強", "6upper"}},
			{70, "7", {"震度7", "seismic intensity 7"}, {NULL}},
		},
	[SCALE_TSUNAMI] =
		{
			{1, "forecast", {"津波予報", "tsunami forecast"}, {"津波予報"}},
			{2, "advisory", {"津波注意報", "tsunami advisory"}, {"津波注意報"}},
			{3, "warning", {"津波警報", "tsunami warning"}, {"津波警報"}},
			{4,
			 "major",
			 {"大津波警報", "major tsunami warning"},
			 {"大津波警報", "majorwarning", "major-warning"}},
		},
	[SCALE_WARNING] =
		{
			{1, "advisory", {"注意報", "advisory"}, {"注意報"}},
			{2, "warning", {"警報", "warning"}, {"警報"}},
			{3, "danger", {"危険警報", "danger warning"}, {"危険警報", "alert"}},
			{4,
			 "emergency",
			 {"特別警報", "emergency warning"},
			 {"特別警報", "emergencywarning", "emergency-warning"}},
		},
	[SCALE_VOLCANO] =
		{
			{1,
			 "1",
			 {"噴火警戒レベル1", "volcanic alert level 1"},
			 {"level1", "レベル1"}},
			{2,
			 "2",
			 {"噴火警戒レベル2", "volcanic alert level 2"},
			 {"level2", "レベル2"}},
			{3,
			 "3",
			 {"噴火警戒レベル3", "volcanic alert level 3"},
			 {"level3", "レベル3"}},
			{4,
			 "4",
			 {"噴火警戒レベル4", "volcanic alert level 4"},
			 {"level4", "レベル4"}},
			{5,
			 "5",
			 {"噴火警戒レベル5", "volcanic alert level 5"},
			 {"level5", "レベル5"}},
		},
	[SCALE_SEVERITY] =
		{
			{1, "minor", {"軽度", "minor"}, {NULL}},
			{2, "moderate", {"中度", "moderate"}, {NULL}},
			{3, "severe", {"重大", "severe"}, {NULL}},
			{4, "extreme", {"極めて重大", "extreme"}, {NULL}},
		},
};

static const enum scale scales[HAZARD_END] = {
	[HAZARD_EARTHQUAKE] = SCALE_INTENSITY, [HAZARD_TSUNAMI] = SCALE_TSUNAMI,
	[HAZARD_LANDSLIDE] = SCALE_WARNING,    [HAZARD_WEATHER] = SCALE_WARNING,
	[HAZARD_VOLCANO] = SCALE_VOLCANO,      [HAZARD_EEW] = SCALE_INTENSITY,
	[HAZARD_OTHER] = SCALE_SEVERITY,
};

static const struct level *find(enum hazard hazard, int level)
{
	static const struct level none = {0, "", {"", ""}, {NULL}};

	if (hazard <= HAZARD_NONE || hazard >= HAZARD_END)
		return &none;
	for (const struct level *l = levels[scales[hazard]];
	     l < levels[scales[hazard]] + LEVELS_MOST; l++)
		if (l->level == level && l->name)
			return l;
	return &none;
}

const char *level_name(enum hazard hazard, int level)
{
	return find(hazard, level)->name;
}

const char *level_phrase(enum hazard hazard, int level, int language)
{
	return find(hazard, level)->phrase[language == LANGUAGE_EN ? LANGUAGE_EN : LANGUAGE_JA];
}

static bool is_called(const struct level *level, const char *plain, bool numbers)
{
	char number[12];

	snprintf(number, sizeof number, "%d", level->level);
	if (strcmp(plain, level->name) == 0 || (numbers && strcmp(plain, number) == 0))
		return true;
	for (size_t i = 0; i < LENGTH(level->also) && level->also[i]; i++)
		if (strcmp(plain, level->also[i]) == 0)
			return true;
	return false;
}

int level_by_name(enum hazard hazard, const char *name)
{
	static const char intensity[] = "震度", alert[] = "噴火警戒";
	int found = 0;

	if (hazard <= HAZARD_NONE || hazard >= HAZARD_END)
		return 0;
	enum scale scale = scales[hazard];
	char *plain = area_plain(name), *from = plain;
	for (char *c = plain; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (scale == SCALE_INTENSITY && strncmp(from, intensity, strlen(intensity)) == 0)
		from += strlen(intensity);
	if (scale == SCALE_VOLCANO && strncmp(from, alert, strlen(alert)) == 0)
		from += strlen(alert);
	for (int i = 0; !found && i < LEVELS_MOST && levels[scale][i].name; i++)
		if (is_called(&levels[scale][i], from, scale == SCALE_INTENSITY))
			found = levels[scale][i].level;
	free(plain);
	return found;
}
