#include "dispatcher/cli/command.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/broadcast/whom.h"
#include "common/queue/poke.h"
#include "common/store/drill.h"
#include "common/text/recurrence.h"
#include "dispatcher/cli/cells.h"
#include "dispatcher/cli/message.h"
#include "dispatcher/cli/show.h"
#include "dispatcher/cli/targets.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* listing */

static void print_text(const struct planned_drill *d, void *arg)
{
	size_t *printed = arg;
	char at[CLOCK_TEXT];
	struct buf line = {0};

	show_cell(d->name, 14, &line);
	buf_format(&line, "  %.16s  ", clock_local_text(d->next_at, at));
	show_cell(d->every, 22, &line);
	buf_char(&line, ' ');
	show_cell(d->targets, 20, &line);
	buf_format(&line, " %s", d->title);
	if (d->broadcast)
		buf_format(&line, "  (last: %lld)", (long long)d->broadcast);
	line_print(&line);
	buf_free(&line);
	++*printed;
}

static void add_json(const struct planned_drill *d, void *arg)
{
	char at[CLOCK_TEXT];

	json_array_append_new(
		arg, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "name", d->name, "every",
			       d->every, "next_at", clock_utc_text(d->next_at, at), "to",
			       d->targets, "title", d->title, "by", d->made_by, "broadcast",
			       d->broadcast ? json_integer(d->broadcast) : json_null()));
}

static int list(struct cli *cli)
{
	json_t *all = json_array();
	size_t printed = 0;
	enum store_status status =
		cli->json ? drills_each(cli_store(cli), add_json, all)
			  : drills_each(cli_store(cli), print_text, &printed);
	int code = status ? cli_store_failed(cli, status) : EX_OK;

	if (!code && cli->json)
		cli_answer(json_pack("{s:O}", "drills", all));
	else if (!code && printed == 0)
		cli_say(cli, "no drill is planned; see: tenko schedule --help");
	json_decref(all);
	return code;
}

/* planning */

struct plan_order {
	const char *name, *every, *channels;
	struct message_source source;
	struct buf words;
};

/* Words by comma, each of a kind that stays what it is when the roster changes. */
static int take_whom(struct cli *cli, struct plan_order *o, const char *given)
{
	struct targets targets = {0};
	char *copy = mem_string(given), *rest = NULL;
	int code = targets_add(cli, &targets, given); /* says what is not there */

	for (char *word = strtok_r(copy, ",", &rest); !code && word;
	     word = strtok_r(NULL, ",", &rest)) {
		if (!whom_is_word(word))
			code = cli_misused(cli,
					   "a drill that comes again is --to all, group:ID or "
					   "user:ID, not \"%.60s\"",
					   word);
		else
			buf_format(&o->words, "%s%s", o->words.length ? " " : "", word);
	}
	targets_free(&targets);
	free(copy);
	return code;
}

static int read_order(struct cli *cli, int argc, char **argv, struct plan_order *o)
{
	enum { EVERY = 1, TITLE, TITLE_EN, BODY, BODY_EN, TEMPLATE, TO, CHANNEL };
	static const struct option known[] = {{"every", required_argument, NULL, EVERY},
					      {"title", required_argument, NULL, TITLE},
					      {"title-en", required_argument, NULL, TITLE_EN},
					      {"body", required_argument, NULL, BODY},
					      {"body-en", required_argument, NULL, BODY_EN},
					      {"template", required_argument, NULL, TEMPLATE},
					      {"to", required_argument, NULL, TO},
					      {"channels", required_argument, NULL, CHANNEL},
					      {NULL, 0, NULL, 0}};
	const char **places[] = {
		[EVERY] = &o->every,
		[TITLE] = &o->source.title[LANGUAGE_JA],
		[TITLE_EN] = &o->source.title[LANGUAGE_EN],
		[BODY] = &o->source.body[LANGUAGE_JA],
		[BODY_EN] = &o->source.body[LANGUAGE_EN],
		[TEMPLATE] = &o->source.template,
		[CHANNEL] = &o->channels,
	};
	int c, code = EX_OK;

	while (!code && (c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		if (c == TO)
			code = take_whom(cli, o, optarg);
		else
			*places[c] = optarg;
	}
	if (code)
		return code;
	if (argc - optind != 2)
		return cli_misused(cli, "a drill needs one name: tenko schedule add NAME --every "
					"\"monthly 1st Mon 10:00\"");
	o->name = argv[optind + 1];
	if (!is_template_name(o->name))
		return cli_misused(cli, "a drill's name has letters, digits, - and _ only");
	if (o->channels && !channels_by_names(o->channels))
		return cli_misused(cli, "--channels are mail, voice, push, by comma");
	return EX_OK;
}

static int store_it(struct cli *cli, const struct planned_drill *d)
{
	struct store *store = cli_store(cli);
	bool added = false;
	enum store_status status = store_begin(store);

	if (!status)
		status = drill_add(store, d, &added);
	if (!status && added)
		status = store_commit(store);
	if (status || !added)
		store_rollback(store);
	if (status)
		return cli_store_failed(cli, status);
	if (!added)
		return cli_fail(cli, EX_DATAERR,
				"there is a drill \"%s\" already; see: tenko schedule. Nothing was "
				"changed",
				d->name);
	return EX_OK;
}

static void answer_added(const struct cli *cli, const struct planned_drill *d)
{
	char at[CLOCK_TEXT];

	if (cli->json)
		cli_answer(json_pack("{s:s, s:s}", "name", d->name, "next_at",
				     clock_utc_text(d->next_at, at)));
	else
		printf("Drill %s: next on %.16s, then %s\n", d->name,
		       clock_local_text(d->next_at, at), d->every);
}

static int add(struct cli *cli, int argc, char **argv)
{
	struct plan_order o = {0};
	struct message message = {0};
	struct recurrence every;
	int code = read_order(cli, argc, argv, &o);

	if (!code && (!o.every || !recurrence_read(o.every, &every)))
		code = cli_misused(cli, "--every is one of: %s", RECURRENCE_FORMS);
	if (!code && !o.words.length)
		code = take_whom(cli, &o, "all");
	if (!code && !o.source.title[LANGUAGE_JA] && !o.source.template)
		o.source.template = "drill";
	if (!code)
		code = message_read(cli, &o.source, KIND_DRILL, &message);
	if (!code) {
		const struct planned_drill d = {
			.name = (char *)(uintptr_t)o.name,
			.every = (char *)(uintptr_t)o.every,
			.title = message.title[LANGUAGE_JA],
			.title_en = message.title[LANGUAGE_EN],
			.body = message.body[LANGUAGE_JA],
			.body_en = message.body[LANGUAGE_EN],
			.targets = o.words.data,
			.channels = o.channels ? channels_by_names(o.channels) : 0,
			.made_by = (char *)(uintptr_t)cli_who(),
			.next_at = recurrence_next(&every, clock_utc()),
		};
		code = store_it(cli, &d);
		if (!code)
			answer_added(cli, &d);
		if (!code && !poke_send_to(cli_settings(cli), POKED_FEED))
			cli_say(cli, "recorded; it goes out when tenkod runs at that time");
	}
	message_free(&message);
	buf_free(&o.words);
	return code;
}

static int drop(struct cli *cli, int argc, char **argv)
{
	static const struct option known[] = {{NULL, 0, NULL, 0}};

	if (cli_option(cli, argc, argv, known) != -1)
		return EX_USAGE;
	if (argc - optind != 2)
		return cli_misused(cli, "remove takes one drill's name");
	const char *name = argv[optind + 1];
	struct store *store = cli_store(cli);
	enum store_status status = store_begin(store);
	if (!status)
		status = drill_remove(store, name, cli_who());
	if (!status)
		status = store_commit(store);
	if (!status) {
		if (cli->json)
			cli_answer(json_pack("{s:s}", "removed", name));
		else
			printf("Drill %s: comes no more; what came of it stays\n", name);
		return EX_OK;
	}
	store_rollback(store);
	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR, "no drill \"%.64s\"; see: tenko schedule", name);
	return cli_store_failed(cli, status);
}

int cmd_schedule(struct cli *cli, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	static const struct option none[] = {{NULL, 0, NULL, 0}};

	if (*verb == '-' && cli_option(cli, argc, argv, none) != -1)
		return EX_USAGE;
	if (argc == 1)
		return list(cli);
	if (strcmp(verb, "add") == 0)
		return add(cli, argc, argv);
	if (strcmp(verb, "remove") == 0)
		return drop(cli, argc, argv);
	return cli_misused(cli, "\"%.60s\": say add or remove; without either it lists the drills",
			   verb);
}
