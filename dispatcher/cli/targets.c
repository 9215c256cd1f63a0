#include "dispatcher/cli/targets.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/roster/regions.h"
#include "common/store/people.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static void add(struct targets *t, enum target_kind kind, int64_t number, const char *text)
{
	t->list = mem_resize(t->list, t->count + 1, sizeof *t->list);
	t->list[t->count++] = (struct target){
		.kind = kind, .number = number, .text = text ? mem_string(text) : NULL};
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
	add(t, TARGET_ALL, 0, NULL);
	return EX_OK;
}

static int add_group(struct cli *cli, struct targets *t, const char *code)
{
	int64_t *ids = NULL;
	size_t count = 0;
	enum store_status status = people_groups(cli_store(cli), code, &ids, &count);

	for (size_t i = 0; !status && i < count; i++)
		add(t, TARGET_DEPARTMENT, ids[i], NULL);
	free(ids);
	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR, "no group \"%s\"", code);
	return status ? cli_store_failed(cli, status) : EX_OK;
}

static int add_user(struct cli *cli, struct targets *t, const char *code)
{
	enum person_state state;
	int64_t id;
	enum store_status status = people_find(cli_store(cli), code, &id, &state);

	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR, "no user \"%s\"", code);
	if (status)
		return cli_store_failed(cli, status);
	if (state != PERSON_ACTIVE)
		return cli_fail(cli, EX_DATAERR, "user \"%s\" is %s and is not dialled", code,
				state == PERSON_DELETED ? "deleted" : "suspended");
	add(t, TARGET_PERSON, id, NULL);
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

/* People whose prefecture alone is known may be in the region: they are asked. */
static int add_region(struct cli *cli, struct targets *t, const char *code)
{
	int failed = need_regions(cli);

	if (failed)
		return failed;
	if (strlen(code) != 3 || !region_exists(code))
		return cli_fail(cli, EX_DATAERR,
				"no region \"%s\"; a region has three digits (350)", code);
	add(t, TARGET_REGION, 0, code);
	add(t, TARGET_REGION, 0, region_prefecture(code));
	return EX_OK;
}

static void add_region_of(const char *code, const char *name, void *targets)
{
	(void)name;
	add(targets, TARGET_REGION, 0, code);
}

static int add_prefecture(struct cli *cli, struct targets *t, const char *code)
{
	int failed = need_regions(cli);

	if (failed)
		return failed;
	if (strlen(code) != 2 || !region_exists(code))
		return cli_fail(cli, EX_DATAERR,
				"no prefecture \"%s\"; a prefecture has two digits (01 to 47)",
				code);
	add(t, TARGET_REGION, 0, code);
	region_each(code, add_region_of, t);
	return EX_OK;
}

static int add_unanswered(struct cli *cli, struct targets *t, const char *id)
{
	struct broadcast *b = NULL;
	int64_t number;

	if (!cli_read_id(id, &number))
		return cli_fail(cli, EX_DATAERR, "unanswered:%s: a broadcast's number is needed",
				id);
	enum store_status status = broadcast_load(cli_store(cli), number, &b);
	broadcast_free(b);
	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR,
				"unanswered:%s: no such broadcast; see: tenko list", id);
	if (status)
		return cli_store_failed(cli, status);
	add(t, TARGET_UNANSWERED, number, NULL);
	return EX_OK;
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

static int add_word(struct cli *cli, struct targets *t, const char *word)
{
	for (size_t i = 0; i < LENGTH(forms); i++) {
		size_t length = strlen(forms[i].prefix);
		bool fits = forms[i].whole
				    ? strcmp(word, forms[i].prefix) == 0
				    : strncmp(word, forms[i].prefix, length) == 0 && word[length];
		if (fits) {
			buf_format(&t->words, "%s%s", t->words.length ? " " : "", word);
			return forms[i].add(cli, t, word + length);
		}
	}
	return cli_misused(cli,
			   "--to \"%.60s\": expected all, group:ID, user:ID, region:CODE, "
			   "pref:CODE or unanswered:BROADCAST",
			   word);
}

int targets_add(struct cli *cli, struct targets *t, const char *words)
{
	char *copy = mem_string(words), *rest = copy;
	int code = EX_OK;

	if (!utf8_valid(words, strlen(words)) || utf8_has_controls(words, false))
		code = cli_fail(cli, EX_DATAERR, "--to: not plain UTF-8 text");
	for (char *word; !code && (word = strsep(&rest, ","));)
		code = add_word(cli, t, word + strspn(word, " "));
	free(copy);
	return code;
}
