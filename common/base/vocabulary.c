#include "common/base/vocabulary.h"

#include <string.h>

struct word {
	const char *name;
	const char *phrase;
};

#define X(symbol, number, name, phrase) [number] = {name, phrase},
static const struct word channels[CHANNEL_END] = {CHANNELS(X)};
static const struct word outcomes[OUTCOME_END] = {OUTCOMES(X)};
static const struct word ways[WAY_END] = {REPLY_WAYS(X)};
static const struct word kinds[KIND_END] = {KINDS(X)};
static const struct word devices[DEVICE_END] = {DEVICE_KINDS(X)};
#undef X

static const char *name_of(const struct word *words, int count, int number)
{
	return number > 0 && number < count ? words[number].name : "";
}

static int number_of(const struct word *words, int count, const char *name, size_t length)
{
	for (int i = 1; i < count; i++)
		if (strlen(words[i].name) == length && memcmp(words[i].name, name, length) == 0)
			return i;
	return 0;
}

const char *channel_name(enum channel channel)
{
	return name_of(channels, CHANNEL_END, (int)channel);
}

const char *outcome_name(enum outcome outcome)
{
	return name_of(outcomes, OUTCOME_END, (int)outcome);
}

const char *outcome_phrase(enum outcome outcome)
{
	int number = (int)outcome;
	return number > 0 && number < OUTCOME_END ? outcomes[number].phrase : "";
}

const char *reply_way_name(enum reply_way way)
{
	return name_of(ways, WAY_END, (int)way);
}

const char *kind_name(enum kind kind)
{
	return name_of(kinds, KIND_END, (int)kind);
}

const char *device_kind_name(enum device_kind kind)
{
	return name_of(devices, DEVICE_END, (int)kind);
}

enum channel channel_by_name(const char *name)
{
	return (enum channel)number_of(channels, CHANNEL_END, name, strlen(name));
}

enum kind kind_by_name(const char *name)
{
	return (enum kind)number_of(kinds, KIND_END, name, strlen(name));
}

enum kind kind_asked_for(const char *name)
{
	enum kind kind = kind_by_name(name);

	return kind == KIND_FAMILY || kind == KIND_TEST ? KIND_NONE : kind;
}

enum device_kind device_kind_by_name(const char *name)
{
	return (enum device_kind)number_of(devices, DEVICE_END, name, strlen(name));
}

#define X(symbol, number, name, phrase) {name, number},
static const struct {
	const char *name;
	unsigned bit;
} known[] = {ADDRESSES(X)};
#undef X

void addresses_put(unsigned addresses, const char *separator, struct buf *out)
{
	const char *before = "";

	for (size_t i = 0; i < LENGTH(known); i++) {
		if (!(addresses & known[i].bit))
			continue;
		buf_format(out, "%s%s", before, known[i].name);
		before = separator;
	}
}

unsigned addresses_by_names(const char *names, char separator)
{
	unsigned set = 0;

	for (;;) {
		const char *end = strchr(names, separator);
		size_t length = end ? (size_t)(end - names) : strlen(names), i = 0;
		while (i < LENGTH(known) && (strlen(known[i].name) != length ||
					     memcmp(known[i].name, names, length) != 0))
			i++;
		if (i == LENGTH(known))
			return 0;
		set |= known[i].bit;
		if (!end)
			return set;
		names = end + 1;
	}
}

unsigned channels_by_names(const char *names)
{
	unsigned set = 0;

	for (;;) {
		size_t length = strcspn(names, ",");
		int number = number_of(channels, CHANNEL_END, names, length);
		if (!number)
			return 0;
		set |= 1u << number;
		if (!names[length])
			return set;
		names += length + 1;
	}
}

const char *language_name(enum language language)
{
	return language == LANGUAGE_EN ? "en" : "ja";
}

bool language_by_name(const char *name, enum language *language)
{
	for (int i = 0; i < LANGUAGES; i++) {
		if (strcmp(name, language_name((enum language)i)) == 0) {
			*language = (enum language)i;
			return true;
		}
	}
	return false;
}
