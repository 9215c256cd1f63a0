#include "dispatcher/cli/feeds/feed.h"

#include "common/base/mem.h"
#include "common/hazard/areas.h"
#include "common/hazard/fill.h"
#include "common/hazard/rules.h"
#include "common/store/people.h"
#include "dispatcher/cli/show.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* `tenko feed rules`: the rules in use, and whether they are sound. */

static void print_key(const struct rule_key_view *view, void *arg)
{
	const char *rest = view->doc;

	(void)arg;
	printf("%s (%s; %s)\n", view->key, view->type,
	       view->standard ? view->standard : "must be given");
	while (*rest) {
		size_t length = strcspn(rest, "\n");
		printf("  %.*s\n", (int)length, rest);
		rest += length + (rest[length] == '\n');
	}
}

static void add_value(const char *key, const char *value, void *arg)
{
	json_object_set_new(arg, key, cli_json_text(value));
}

static json_t *rule_json(const struct rule *rule)
{
	json_t *values = json_object();

	rule_each_value(rule, add_value, values);
	return json_pack("{s:s, s:o, s:i, s:o}", "rule", rule->name, "file",
			 cli_json_text(rule->file), "line", rule->line, "values", values);
}

struct printing {
	struct buf *line;
};

/* What differs between rules most; all of it is in --json. */
static void put_value(const char *key, const char *value, void *arg)
{
	static const char *const shown[] = {"hazard",    "threshold", "regions",
					    "addresses", "groups",    "kind"};
	static const int columns[] = {11, 10, 12, 20, 10, 8};
	struct printing *p = arg;

	for (size_t i = 0; i < LENGTH(shown); i++) {
		if (strcmp(shown[i], key) != 0)
			continue;
		show_cell(value, (size_t)columns[i], p->line);
		buf_char(p->line, ' ');
	}
}

static void print_rules(const struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->list[i];
		struct buf line = {0};
		struct printing p = {.line = &line};
		show_cell(rule->name, 18, &line);
		buf_format(&line, " %-4s", rule->enabled ? "on" : "off");
		rule_each_value(rule, put_value, &p);
		while (line.length && line.data[line.length - 1] == ' ')
			line.data[--line.length] = '\0';
		puts(buf_text(&line));
		buf_free(&line);
	}
}

static void answer(const struct cli *cli, const struct rules *rules)
{
	json_t *list = json_array();

	if (!cli->json) {
		print_rules(rules);
		json_decref(list);
		return;
	}
	for (size_t i = 0; i < rules->count; i++)
		json_array_append_new(list, rule_json(&rules->list[i]));
	cli_answer(json_pack("{s:o}", "rules", list));
}

/* What only the roster can tell. */
static int check_groups(struct cli *cli, const struct rule *rule, size_t *faults)
{
	for (size_t i = 0; rule->enabled && i < rule->group_count; i++) {
		int64_t *ids = NULL;
		size_t count;
		enum store_status status =
			people_groups(cli_store(cli), rule->groups[i], &ids, &count);
		free(ids);
		if (status == STORE_NONE) {
			printf("%s:%d: [%s] groups: no group \"%s\" in the roster; import it, or "
			       "name one that is there\n",
			       rule->file, rule->line, rule->name, rule->groups[i]);
			(*faults)++;
		} else if (status) {
			return cli_store_failed(cli, status);
		}
	}
	return EX_OK;
}

static int check(struct cli *cli, const char *folder, const struct rules *rules)
{
	struct buf fault = {0};
	struct store *store = NULL;
	size_t faults = 0, on = 0;
	int code = EX_OK;

	if (!fill_check_rules(rules, cli_settings(cli)->broadcast_template_dir, &fault)) {
		fputs(buf_text(&fault), stdout);
		faults++;
	}
	buf_free(&fault);
	/* Without a roster there is nothing to hold the groups against. */
	enum store_status status = store_open(cli_settings(cli)->tenko_data_dir, false, &store);
	store_close(store);
	for (size_t i = 0; i < rules->count; i++) {
		on += rules->list[i].enabled;
		if (!code && status != STORE_MISSING)
			code = check_groups(cli, &rules->list[i], &faults);
	}
	if (code)
		return code;
	if (faults)
		return cli_fail(cli, EX_CONFIG, "the rules in %s have faults", folder);
	if (cli->json)
		cli_answer(json_pack("{s:o, s:I, s:I, s:o}", "folder", cli_json_text(folder),
				     "rules", (json_int_t)rules->count, "on", (json_int_t)on,
				     "regions", cli_json_text(areas_version())));
	else
		printf("%s: sound, %zu rules, %zu of them on; tables of regions: %s\n", folder,
		       rules->count, on, areas_version());
	return EX_OK;
}

static int run(struct cli *cli, const char *folder, bool checks)
{
	struct rules rules = {0};
	struct buf fault = {0};
	int code = EX_OK;

	if (!rules_read(folder, &rules, &fault)) {
		fputs(buf_text(&fault), stdout);
		if (fault.length && fault.data[fault.length - 1] != '\n')
			putchar('\n');
		code = cli_fail(cli, EX_CONFIG, "the rules in %s have faults", folder);
	} else if (checks) {
		code = check(cli, folder, &rules);
	} else {
		answer(cli, &rules);
	}
	rules_free(&rules);
	buf_free(&fault);
	return code;
}

int feed_rules(struct cli *cli, int argc, char **argv)
{
	static const struct option known[] = {{"check", no_argument, NULL, 'c'},
					      {"keys", no_argument, NULL, 'k'},
					      {NULL, 0, NULL, 0}};
	bool checks = false, keys = false;
	int c, code;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		checks |= c == 'c';
		keys |= c == 'k';
	}
	if (argc - optind > 1)
		return cli_misused(cli, "feed rules takes one folder");
	if (keys) {
		rule_keys_each(print_key, NULL);
		return EX_OK;
	}
	code = feed_need_areas(cli);
	if (code)
		return code;
	char *folder = optind < argc ? mem_string(argv[optind])
				     : rules_folder(cli_settings(cli)->feed_rules_dir);
	code = run(cli, folder, checks);
	free(folder);
	return code;
}
