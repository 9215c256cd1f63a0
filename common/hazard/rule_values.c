#include "common/hazard/rule_values.h"

#include "common/base/mem.h"
#include "common/conf/values.h"
#include "common/roster/regions.h"
#include "common/text/message.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void *field_of(struct rule *rule, const struct rule_key *key)
{
	return (char *)rule + key->offset;
}

static const void *field_in(const struct rule *rule, const struct rule_key *key)
{
	return (const char *)rule + key->offset;
}

/* switches, durations, numbers */

static bool read_switch(const struct rule_key *key, const char *text, struct rule *rule,
			struct buf *fault)
{
	bool yes = strcmp(text, "yes") == 0;

	*(bool *)field_of(rule, key) = yes;
	if (yes || strcmp(text, "no") == 0)
		return true;
	buf_format(fault, "expected yes or no, found \"%.60s\"", text);
	return false;
}

static void write_switch(const struct rule_key *key, const struct rule *rule, struct buf *out)
{
	buf_text_add(out, *(const bool *)field_in(rule, key) ? "yes" : "no");
}

static bool read_duration(const struct rule_key *key, const char *text, struct rule *rule,
			  struct buf *fault)
{
	int64_t ms;

	if (!duration_read(text, &ms)) {
		buf_format(fault, "expected a duration such as 90s, 5m, 2h or 7d, found \"%.60s\"",
			   text);
		return false;
	}
	if (ms < key->least || ms > key->most) {
		buf_format(fault, "%.60s is out of range, expected ", text);
		duration_write(key->least, fault);
		buf_text_add(fault, " to ");
		duration_write(key->most, fault);
		return false;
	}
	*(int64_t *)field_of(rule, key) = ms;
	return true;
}

static void write_duration(const struct rule_key *key, const struct rule *rule, struct buf *out)
{
	duration_write(*(const int64_t *)field_in(rule, key), out);
}

static bool read_number(const struct rule_key *key, const char *text, struct rule *rule,
			struct buf *fault)
{
	int64_t number;

	if (!number_read(text, &number)) {
		buf_format(fault, "expected a whole number, found \"%.60s\"", text);
		return false;
	}
	if (number < key->least || number > key->most) {
		buf_format(fault, "%" PRId64 " is out of range, expected %" PRId64 " to %" PRId64,
			   number, key->least, key->most);
		return false;
	}
	*(int64_t *)field_of(rule, key) = number;
	return true;
}

static void write_number(const struct rule_key *key, const struct rule *rule, struct buf *out)
{
	buf_format(out, "%" PRId64, *(const int64_t *)field_in(rule, key));
}

/* hazards and levels */

static bool read_hazard(const struct rule_key *key, const char *text, struct rule *rule,
			struct buf *fault)
{
	(void)key;
	rule->hazard = hazard_by_name(text);
	if (rule->hazard)
		return true;
	buf_text_add(fault, "expected one of");
	for (enum hazard h = HAZARD_NONE + 1; h < HAZARD_END; h++)
		buf_format(fault, "%s %s", h > 1 ? "," : "", hazard_name(h));
	buf_format(fault, "; found \"%.60s\"", text);
	return false;
}

static void write_hazard(const struct rule_key *key, const struct rule *rule, struct buf *out)
{
	(void)key;
	buf_text_add(out, hazard_name(rule->hazard));
}

enum { LEVEL_MOST = 99 };

/* Without a hazard nobody knows what a level means; then the fault is the hazard's. */
static bool read_level(const struct rule_key *key, const char *text, struct rule *rule,
		       struct buf *fault)
{
	const char *before = "";

	(void)key;
	if (!rule->hazard)
		return true;
	rule->threshold = level_by_name(rule->hazard, text);
	if (rule->threshold > 0)
		return true;
	buf_format(fault, "expected a level of %s (", hazard_phrase(rule->hazard));
	for (int level = 1; level <= LEVEL_MOST; level++) {
		const char *name = level_name(rule->hazard, level);
		if (!*name)
			continue;
		buf_format(fault, "%s%s", before, name);
		before = ", ";
	}
	buf_format(fault, "), found \"%.60s\"", text);
	return false;
}

static void write_level(const struct rule_key *key, const struct rule *rule, struct buf *out)
{
	(void)key;
	buf_text_add(out, level_name(rule->hazard, rule->threshold));
}

/* lists of words: regions, sources, groups */

struct words {
	char ***list;
	size_t *count;
};

static struct words words_of(struct rule *rule, const struct rule_key *key)
{
	switch (key - rule_keys) {
	case RULE_KEY_regions:
		return (struct words){&rule->regions, &rule->region_count};
	case RULE_KEY_sources:
		return (struct words){&rule->sources, &rule->source_count};
	default:
		return (struct words){&rule->groups, &rule->group_count};
	}
}

/* The next word of a list by comma and blank, into `word`; false: there is none. */
static bool next_word(const char **list, struct buf *word)
{
	static const char between[] = ", \t";

	*list += strspn(*list, between);
	size_t length = strcspn(*list, between);
	buf_clear(word);
	buf_add(word, *list, length);
	*list += length;
	return length > 0;
}

static bool is_region(const char *word, struct buf *fault)
{
	if (region_exists(word))
		return true;
	buf_format(fault,
		   "no region or prefecture has the code \"%.20s\"; codes stand in regions.tsv "
		   "and prefectures.csv",
		   word);
	return false;
}

static bool is_source(const char *word, struct buf *fault)
{
	if (hazard_format_by_name(word))
		return true;
	buf_format(fault, "expected jma, p2pquake, cap or alertmanager, found \"%.20s\"", word);
	return false;
}

static bool is_group(const char *word, struct buf *fault)
{
	enum { CODE_MOST = 64 };

	if (strlen(word) <= CODE_MOST)
		return true;
	buf_format(fault, "\"%.20s...\" is longer than a department's code can be", word);
	return false;
}

static bool read_words(const struct rule_key *key, const char *text, struct rule *rule,
		       struct buf *fault)
{
	bool (*const checks[RULE_KEYS])(const char *, struct buf *) = {
		[RULE_KEY_regions] = is_region,
		[RULE_KEY_sources] = is_source,
		[RULE_KEY_groups] = is_group,
	};
	struct words words = words_of(rule, key);
	struct buf word = {0};
	bool good = true;

	if (strcmp(text, "all") == 0)
		return true;
	while (good && next_word(&text, &word)) {
		good = checks[key - rule_keys](buf_text(&word), fault);
		*words.list = mem_resize(*words.list, *words.count + 1, sizeof **words.list);
		(*words.list)[(*words.count)++] = buf_take(&word);
	}
	buf_free(&word);
	if (good && !*words.count) {
		buf_text_add(fault, "expected all, or codes by comma; found nothing");
		good = false;
	}
	return good;
}

static void write_words(const struct rule_key *key, const struct rule *rule, struct buf *out)
{
	struct words words = words_of((struct rule *)(uintptr_t)rule, key);

	for (size_t i = 0; i < *words.count; i++)
		buf_format(out, "%s%s", i ? ", " : "", (*words.list)[i]);
	if (!*words.count)
		buf_text_add(out, "all");
}

/* sets: addresses, channels */

/* The words of a list, by comma alone. The caller frees. */
static char *joined(const char *text)
{
	struct buf word = {0}, names = {0};

	while (next_word(&text, &word))
		buf_format(&names, "%s%s", names.length ? "," : "", buf_text(&word));
	buf_free(&word);
	return buf_take(&names);
}

static bool read_addresses(const struct rule_key *key, const char *text, struct rule *rule,
			   struct buf *fault)
{
	char *names = joined(text);

	(void)key;
	rule->addresses = addresses_by_names(names, ',');
	free(names);
	if (rule->addresses)
		return true;
	buf_format(fault, "expected work, home, second, department, by comma; found \"%.60s\"",
		   text);
	return false;
}

static void write_addresses(const struct rule_key *key, const struct rule *rule, struct buf *out)
{
	(void)key;
	addresses_put(rule->addresses, ", ", out);
}

static bool read_channels(const struct rule_key *key, const char *text, struct rule *rule,
			  struct buf *fault)
{
	(void)key;
	if (strcmp(text, "settings") == 0)
		return true;
	char *names = joined(text);
	rule->channels = channels_by_names(names);
	free(names);
	if (rule->channels)
		return true;
	buf_format(fault, "expected settings, or mail, voice, push, by comma; found \"%.60s\"",
		   text);
	return false;
}

static void write_channels(const struct rule_key *key, const struct rule *rule, struct buf *out)
{
	const char *before = "";

	(void)key;
	for (enum channel c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		if (!(rule->channels & 1u << c))
			continue;
		buf_format(out, "%s%s", before, channel_name(c));
		before = ", ";
	}
	if (!rule->channels)
		buf_text_add(out, "settings");
}

/* templates and kinds */

static bool read_template(const struct rule_key *key, const char *text, struct rule *rule,
			  struct buf *fault)
{
	char **field = field_of(rule, key);

	free(*field);
	*field = NULL;
	if (strcmp(text, "hazard") == 0) {
		*field = mem_format("hazard-%s", hazard_name(rule->hazard));
		return true;
	}
	if (!is_template_name(text)) {
		buf_format(fault,
			   "expected a template's name such as hazard-tsunami (letters, digits, _ "
			   "and -), found \"%.80s\"",
			   text);
		return false;
	}
	*field = mem_string(text);
	return true;
}

static void write_template(const struct rule_key *key, const struct rule *rule, struct buf *out)
{
	buf_text_add(out, *(char *const *)field_in(rule, key));
}

static bool read_kind(const struct rule_key *key, const char *text, struct rule *rule,
		      struct buf *fault)
{
	(void)key;
	rule->kind = kind_asked_for(text);
	if (rule->kind)
		return true;
	buf_format(fault, "expected safety, notice or drill, found \"%.60s\"", text);
	return false;
}

static void write_kind(const struct rule_key *key, const struct rule *rule, struct buf *out)
{
	(void)key;
	buf_text_add(out, kind_name(rule->kind));
}

/* the table */

static const struct rule_type SWITCH = {"switch", read_switch, write_switch};
static const struct rule_type DURATION = {"duration", read_duration, write_duration};
static const struct rule_type NUMBER = {"number", read_number, write_number};
static const struct rule_type HAZARD = {"hazard", read_hazard, write_hazard};
static const struct rule_type LEVEL = {"level", read_level, write_level};
static const struct rule_type REGIONS = {"regions", read_words, write_words};
static const struct rule_type SOURCES = {"sources", read_words, write_words};
static const struct rule_type GROUPS = {"departments", read_words, write_words};
static const struct rule_type ADDRESSES = {"addresses", read_addresses, write_addresses};
static const struct rule_type TEMPLATE = {"template", read_template, write_template};
static const struct rule_type KIND = {"kind", read_kind, write_kind};
static const struct rule_type CHANNELS = {"channels", read_channels, write_channels};

const struct rule_key rule_keys[RULE_KEYS] = {
#define KEY(field, kind_of_value, given, low, high, words) \
	[RULE_KEY_##field] = {                             \
		.name = #field,                            \
		.type = &kind_of_value,                    \
		.standard = given,                         \
		.doc = words,                              \
		.least = low,                              \
		.most = high,                              \
		.offset = offsetof(struct rule, field),    \
	},
#include "common/hazard/rules.def"
#undef KEY
};
