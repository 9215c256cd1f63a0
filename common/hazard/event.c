#include "common/hazard/event.h"

#include <string.h>

struct word {
	const char *name, *phrase;
};

#define X(symbol, number, name, phrase) [number] = {name, phrase},
static const struct word formats[FORMAT_END] = {HAZARD_FORMATS(X)};
static const struct word hazards[HAZARD_END] = {HAZARDS(X)};
static const struct word statuses[EVENT_STATUS_END] = {EVENT_STATUSES(X)};
static const struct word acts[EVENT_ACT_END] = {EVENT_ACTS(X)};
#undef X

static const struct word *word_of(const struct word *words, int count, int number)
{
	static const struct word none = {"", ""};

	return number > 0 && number < count ? &words[number] : &none;
}

static int number_of(const struct word *words, int count, const char *name)
{
	for (int i = 1; i < count; i++)
		if (strcmp(words[i].name, name) == 0)
			return i;
	return 0;
}

const char *hazard_format_name(enum hazard_format format)
{
	return word_of(formats, FORMAT_END, (int)format)->name;
}

const char *hazard_name(enum hazard hazard)
{
	return word_of(hazards, HAZARD_END, (int)hazard)->name;
}

const char *hazard_phrase(enum hazard hazard)
{
	return word_of(hazards, HAZARD_END, (int)hazard)->phrase;
}

const char *event_status_name(enum event_status status)
{
	return word_of(statuses, EVENT_STATUS_END, (int)status)->name;
}

const char *event_act_name(enum event_act act)
{
	return word_of(acts, EVENT_ACT_END, (int)act)->name;
}

enum hazard_format hazard_format_by_name(const char *name)
{
	return (enum hazard_format)number_of(formats, FORMAT_END, name);
}

enum hazard hazard_by_name(const char *name)
{
	return (enum hazard)number_of(hazards, HAZARD_END, name);
}

enum event_status event_status_by_name(const char *name)
{
	return (enum event_status)number_of(statuses, EVENT_STATUS_END, name);
}

enum event_act event_act_by_name(const char *name)
{
	return (enum event_act)number_of(acts, EVENT_ACT_END, name);
}
