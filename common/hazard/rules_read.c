#include "common/hazard/rules.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/conf/datadir.h"
#include "common/conf/ini_file.h"
#include "common/hazard/rule_values.h"
#include "common/roster/regions.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 40 }; /* of a rule; bytes. Longer ones would be cut by what reads the file. */

/* A rule whose section is being read: the values as they stand, until all of them are there. */
struct reading {
	struct ini_file in;
	struct rules *rules;
	bool open;
	char *name;
	int line;
	char *text[RULE_KEYS]; /* NULL: not given */
	int at[RULE_KEYS];     /* lines */
	size_t last;           /* the key that a continued line goes on with; RULE_KEYS: none */
};

static void free_words(char **words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(words[i]);
	free(words);
}

static void free_rule(struct rule *rule)
{
	free(rule->name);
	free(rule->file);
	free(rule->template);
	free(rule->correction_template);
	free_words(rule->regions, rule->region_count);
	free_words(rule->sources, rule->source_count);
	free_words(rule->groups, rule->group_count);
}

void rules_free(struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		free_rule(&rules->list[i]);
	free(rules->list);
	*rules = (struct rules){0};
}

/* the end of a section */

static void fault_at(struct reading *r, int line, const char *key, const char *words)
{
	buf_format(r->in.faults, "%s:%d: [%s] %s: %s\n", r->in.name, line, r->name, key, words);
}

static void read_key(struct reading *r, size_t i, struct rule *rule)
{
	const struct rule_key *key = &rule_keys[i];
	const char *text = r->text[i] ? r->text[i] : key->standard;
	struct buf fault = {0};

	if (!text)
		fault_at(r, r->line, key->name, "is missing; every rule needs it");
	else if (!key->type->read(key, text, rule, &fault))
		fault_at(r, r->text[i] ? r->at[i] : r->line, key->name, buf_text(&fault));
	buf_free(&fault);
}

static void end_rule(struct reading *r)
{
	struct rule rule = {.name = r->name, .line = r->line};

	if (!r->open)
		return;
	rule.file = mem_string(r->in.name);
	for (size_t i = 0; i < RULE_KEYS; i++) {
		read_key(r, i, &rule);
		free(r->text[i]);
		r->text[i] = NULL;
	}
	r->open = false;
	r->name = NULL;
	r->rules->list = mem_resize(r->rules->list, r->rules->count + 1, sizeof rule);
	r->rules->list[r->rules->count++] = rule;
}

/* sections and values */

static bool is_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_.-");
	return length > 0 && length <= NAME_MOST && !name[length];
}

static const struct rule *rule_by_name(const struct rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->count; i++)
		if (strcmp(rules->list[i].name, name) == 0)
			return &rules->list[i];
	return NULL;
}

/* A text of others in a fault: control characters and broken bytes are not passed on. */
static const char *shown(const char *text)
{
	bool sound = utf8_valid(text, strlen(text)) && !utf8_has_controls(text, false);
	return sound ? text : "?";
}

static void take_section(struct ini_file *in, const char *name)
{
	struct reading *r = in->arg;
	const struct rule *same;

	end_rule(r);
	r->last = RULE_KEYS;
	r->open = true;
	r->name = mem_string(is_name(name) ? name : "?");
	r->line = in->line;
	same = rule_by_name(r->rules, name);
	if (!is_name(name))
		ini_file_fault(in,
			       "[%.60s]: a rule's name has letters, digits, dots, _ and -, %d of "
			       "them at most",
			       shown(name), NAME_MOST);
	else if (same)
		ini_file_fault(in, "[%s] stands already in %s:%d; give one of them another name",
			       name, same->file, same->line);
}

static size_t key_by_name(const char *name)
{
	size_t i = 0;

	while (i < RULE_KEYS && strcmp(rule_keys[i].name, name) != 0)
		i++;
	return i;
}

static void unknown_key(struct ini_file *in, const char *rule, const char *key)
{
	struct buf keys = {0};

	for (size_t i = 0; i < RULE_KEYS; i++)
		buf_format(&keys, "%s%s", i ? ", " : "", rule_keys[i].name);
	ini_file_fault(in, "[%s] unknown key \"%.60s\"; there are %s", rule, shown(key),
		       buf_text(&keys));
	buf_free(&keys);
}

static void take_value(struct ini_file *in, const char *section, const char *key, const char *value)
{
	struct reading *r = in->arg;
	size_t i = key_by_name(key);

	(void)section;
	if (!r->open) {
		ini_file_fault(in, "\"%.60s\" stands before any [rule]", shown(key));
		return;
	}
	if (!utf8_valid(value, strlen(value)) || utf8_has_controls(value, false)) {
		ini_file_fault(in, "[%s] \"%.60s\": not UTF-8, or control characters in it",
			       r->name, shown(key));
	} else if (i == RULE_KEYS) {
		unknown_key(in, r->name, key);
	} else if (in->continued && i == r->last && r->text[i]) {
		char *whole = mem_format("%s %s", r->text[i], value);
		free(r->text[i]);
		r->text[i] = whole;
	} else if (r->text[i]) {
		ini_file_fault(in, "[%s] %s is given twice, first in line %d", r->name, key,
			       r->at[i]);
	} else {
		r->text[i] = mem_string(value);
		r->at[i] = in->line;
	}
	r->last = i;
}

/* files */

static void read_stream(const char *name, FILE *stream, struct rules *rules, struct buf *fault)
{
	struct reading r = {
		.in = {.name = name,
		       .faults = fault,
		       .arg = &r,
		       .section = take_section,
		       .value = take_value},
		.rules = rules,
		.last = RULE_KEYS,
	};

	ini_file_read(&r.in, stream);
	end_rule(&r);
}

static void read_file(const char *path, struct rules *rules, struct buf *fault)
{
	FILE *stream = fopen(path, "re");

	if (!stream) {
		buf_format(fault, "%s: cannot be read: %s\n", path, strerror(errno));
		return;
	}
	read_stream(path, stream, rules, fault);
	fclose(stream);
}

static int is_rule_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return entry->d_name[0] != '.' && length > 5 &&
	       strcmp(entry->d_name + length - 5, ".conf") == 0;
}

/* By byte, not by the language of who reads it. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool read_regions(struct buf *fault)
{
	if (regions_load(fault))
		return true;
	buf_char(fault, '\n');
	return false;
}

/* Rules of which some are wrong are none. */
static bool settle(struct rules *rules, bool good)
{
	if (!good)
		rules_free(rules);
	return good;
}

bool rules_read(const char *folder, struct rules *rules, struct buf *fault)
{
	struct dirent **files;
	size_t before = fault->length;

	*rules = (struct rules){0};
	if (!read_regions(fault))
		return false;
	int count = scandir(folder, &files, is_rule_file, by_name);
	if (count < 0) {
		buf_format(fault,
			   "%s: cannot be read: %s; feed.rules_dir names the folder of the rules\n",
			   folder, strerror(errno));
		return false;
	}
	for (int i = 0; i < count; i++) {
		char *path = mem_format("%s/%s", folder, files[i]->d_name);
		read_file(path, rules, fault);
		free(path);
		free(files[i]);
	}
	free(files);
	return settle(rules, fault->length == before);
}

bool rules_read_bytes(const char *name, const char *bytes, size_t length, struct rules *rules,
		      struct buf *fault)
{
	size_t before = fault->length;

	*rules = (struct rules){0};
	if (!read_regions(fault))
		return false;
	FILE *stream = length ? fmemopen((void *)(uintptr_t)bytes, length, "r") : NULL;
	if (stream) {
		read_stream(name, stream, rules, fault);
		fclose(stream);
	} else if (length) {
		buf_format(fault, "%s: cannot be read: %s\n", name, strerror(errno));
	}
	return settle(rules, fault->length == before);
}

char *rules_folder(const char *given)
{
	return *given ? mem_string(given) : datadir_path("rules.d");
}

/* views */

void rule_keys_each(void (*see)(const struct rule_key_view *view, void *arg), void *arg)
{
	for (size_t i = 0; i < RULE_KEYS; i++) {
		struct rule_key_view view = {rule_keys[i].name, rule_keys[i].type->name,
					     rule_keys[i].standard, rule_keys[i].doc};
		see(&view, arg);
	}
}

void rule_each_value(const struct rule *rule,
		     void (*see)(const char *key, const char *value, void *arg), void *arg)
{
	for (size_t i = 0; i < RULE_KEYS; i++) {
		struct buf value = {0};
		rule_keys[i].type->write(&rule_keys[i], rule, &value);
		see(rule_keys[i].name, buf_text(&value), arg);
		buf_free(&value);
	}
}
