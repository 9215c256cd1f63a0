#include "dispatcher/cli/targets.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/roster/regions.h"
#include "common/store/people.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static void add(struct targets *t, enum target_kind kind, int64_t number)
{
	t->list = mem_resize(t->list, t->count + 1, sizeof *t->list);
	t->list[t->count++] = (struct target){.kind = kind, .number = number};
}

void targets_free(struct targets *t)
{
	for (size_t i = 0; i < t->count; i++)
		free((char *)(uintptr_t)t->list[i].text);
	free(t->list);
	buf_free(&t->words);
	*t = (struct targets){0};
}

static int add_all(struct cli *cli, struct targets *t, const char *value)
{
	(void)cli;
	(void)value;
	add(t, TARGET_ALL, 0);
	return EX_OK;
}

/* A group and those below it, as targets of that kind. */
static int add_groups(struct cli *cli, struct targets *t, enum target_kind kind, const char *code)
{
	int64_t *ids = NULL;
	size_t count = 0;
	enum store_status status = people_groups(cli_store(cli), code, &ids, &count);

	for (size_t i = 0; !status && i < count; i++)
		add(t, kind, ids[i]);
	free(ids);
	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR,
				"no group \"%s\"; all of them: tenko export --groups -", code);
	return status ? cli_store_failed(cli, status) : EX_OK;
}

static int add_group(struct cli *cli, struct targets *t, const char *code)
{
	return add_groups(cli, t, TARGET_DEPARTMENT, code);
}

static int add_user(struct cli *cli, struct targets *t, const char *code)
{
	enum person_state state;
	int64_t id;
	enum store_status status = people_find(cli_store(cli), code, &id, &state);

	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR,
				"no user \"%s\"; all of them: tenko export --users -", code);
	if (status)
		return cli_store_failed(cli, status);
	if (state != PERSON_ACTIVE)
		return cli_fail(cli, EX_DATAERR,
				"user \"%s\" is %s and is not dialled; see: tenko import --help",
				code, state == PERSON_DELETED ? "deleted" : "suspended");
	add(t, TARGET_PERSON, id);
	return EX_OK;
}

static int need_regions(const struct cli *cli)
{
	struct buf fault = {0};
	int code = EX_OK;

	if (!regions_load(&fault))
		code = cli_fail(cli, EX_OSFILE, "%s", buf_text(&fault));
	buf_free(&fault);
	return code;
}

struct wanted_region {
	struct targets *targets;
	unsigned addresses;
};

static void add_code(const char *code, const char *name, void *arg)
{
	struct wanted_region *w = arg;

	(void)name;
	add(w->targets, TARGET_REGION, 0);
	struct target *target = &w->targets->list[w->targets->count - 1];
	target->text = mem_string(code);
	target->addresses = w->addresses;
}

/* "350" or "350@work+home", of `digits` digits; `what` and `like` are for messages. */
static int add_place(struct cli *cli, struct targets *t, const char *value, size_t digits,
		     const char *what, const char *like)
{
	struct wanted_region wanted = {.targets = t};
	char *code = mem_string(value), *at = strchr(code, '@');
	int failed = need_regions(cli);

	if (at) {
		*at = '\0';
		wanted.addresses = addresses_by_names(at + 1, '+');
	}
	if (!failed && (strlen(code) != digits || !region_exists(code)))
		failed = cli_fail(cli, EX_DATAERR, "no %s \"%s\"; a %s has %s", what, code, what,
				  like);
	if (!failed && at && !wanted.addresses)
		failed = cli_misused(cli,
				     "\"%.60s\": behind the @ stand work, home, second, "
				     "department, by +",
				     value);
	if (!failed)
		region_each_meant(code, add_code, &wanted);
	free(code);
	return failed;
}

static int add_region(struct cli *cli, struct targets *t, const char *value)
{
	return add_place(cli, t, value, 3, "region", "three digits (350)");
}

static int add_prefecture(struct cli *cli, struct targets *t, const char *value)
{
	return add_place(cli, t, value, 2, "prefecture", "two digits (01 to 47)");
}

/* A broadcast that was asked for. `prefix` names the option in messages. */
static int add_broadcast(struct cli *cli, struct targets *t, enum target_kind kind,
			 const char *prefix, const char *id)
{
	struct broadcast *b = NULL;
	int64_t number;

	if (!cli_read_id(id, &number))
		return cli_fail(cli, EX_DATAERR, "%s%s: a broadcast's number is needed", prefix,
				id);
	enum store_status status = broadcast_load(cli_store(cli), number, &b);
	broadcast_free(b);
	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR, "%s%s: no such broadcast; see: tenko list", prefix,
				id);
	if (status)
		return cli_store_failed(cli, status);
	add(t, kind, number);
	return EX_OK;
}

static int add_unanswered(struct cli *cli, struct targets *t, const char *id)
{
	return add_broadcast(cli, t, TARGET_UNANSWERED, "unanswered:", id);
}

static const struct form {
	const char *prefix;
	bool whole; /* the word is the prefix and nothing more */
	int (*add)(struct cli *cli, struct targets *t, const char *value);
} forms[] = {
	{"all", true, add_all},           {"group:", false, add_group},
	{"user:", false, add_user},       {"region:", false, add_region},
	{"pref:", false, add_prefecture}, {"unanswered:", false, add_unanswered},
};

static void add_words(struct targets *t, const char *prefix, const char *word)
{
	buf_format(&t->words, "%s%s%s", t->words.length ? " " : "", prefix, word);
}

static int add_word(struct cli *cli, struct targets *t, const char *word)
{
	for (size_t i = 0; i < LENGTH(forms); i++) {
		size_t length = strlen(forms[i].prefix);
		bool fits = forms[i].whole
				    ? strcmp(word, forms[i].prefix) == 0
				    : strncmp(word, forms[i].prefix, length) == 0 && word[length];
		if (fits) {
			add_words(t, "", word);
			t->named = true;
			return forms[i].add(cli, t, word + length);
		}
	}
	return cli_misused(cli,
			   "--to \"%.60s\": expected all, group:ID, user:ID, region:CODE, "
			   "pref:CODE or unanswered:BROADCAST",
			   word);
}

/* Calls `take` for each word of a list by comma. */
static int each_word(struct cli *cli, struct targets *t, const char *option, const char *words,
		     int (*take)(struct cli *cli, struct targets *t, const char *word))
{
	char *copy = mem_string(words), *rest = copy;
	int code = EX_OK;

	if (!utf8_valid(words, strlen(words)) || utf8_has_controls(words, false))
		code = cli_fail(cli, EX_DATAERR, "%s: not plain UTF-8 text", option);
	for (char *word; !code && (word = strsep(&rest, ","));)
		code = take(cli, t, word + strspn(word, " "));
	free(copy);
	return code;
}

static int add_within(struct cli *cli, struct targets *t, const char *code)
{
	add_words(t, "within:", code);
	return add_groups(cli, t, TARGET_WITHIN, code);
}

static int add_except(struct cli *cli, struct targets *t, const char *id)
{
	add_words(t, "except:", id);
	return add_broadcast(cli, t, TARGET_EXCEPT, "--except ", id);
}

int targets_add(struct cli *cli, struct targets *t, const char *words)
{
	return each_word(cli, t, "--to", words, add_word);
}

int targets_within(struct cli *cli, struct targets *t, const char *groups)
{
	return each_word(cli, t, "--within", groups, add_within);
}

int targets_except(struct cli *cli, struct targets *t, const char *broadcasts)
{
	return each_word(cli, t, "--except", broadcasts, add_except);
}
