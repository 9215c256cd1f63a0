#include "dispatcher/cli/command.h"

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/mem.h"
#include "common/broadcast/preset.h"
#include "common/store/broadcast.h"
#include "common/store/figures.h"
#include "dispatcher/cli/estimate.h"
#include "dispatcher/cli/message.h"
#include "dispatcher/cli/show.h"
#include "dispatcher/cli/status.h"
#include "dispatcher/cli/targets.h"
#include "dispatcher/cli/views/watch.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* What was asked for on the command line. */
struct order {
	struct message_source source;
	struct targets targets;
	enum kind kind;
	const char *channels;      /* NULL: those of the settings */
	int64_t rounds;            /* 0: those of the settings */
	struct buf choices, items; /* as in the settings */
	bool dry_run, yes, wait;
};

/* reading the command line */

enum {
	TITLE = 1,
	TITLE_EN,
	BODY,
	BODY_EN,
	TEMPLATE,
	TO,
	WITHIN,
	EXCEPT,
	KIND,
	CHANNEL,
	ROUNDS,
	CHOICE,
	ITEM,
	DRY_RUN,
	YES,
	WAIT
};

static const struct option known[] = {
	{"title", required_argument, NULL, TITLE},
	{"title-en", required_argument, NULL, TITLE_EN},
	{"body", required_argument, NULL, BODY},
	{"body-en", required_argument, NULL, BODY_EN},
	{"template", required_argument, NULL, TEMPLATE},
	{"to", required_argument, NULL, TO},
	{"within", required_argument, NULL, WITHIN},
	{"except", required_argument, NULL, EXCEPT},
	{"kind", required_argument, NULL, KIND},
	{"channels", required_argument, NULL, CHANNEL},
	{"rounds", required_argument, NULL, ROUNDS},
	{"choice", required_argument, NULL, CHOICE},
	{"item", required_argument, NULL, ITEM},
	{"dry-run", no_argument, NULL, DRY_RUN},
	{"yes", no_argument, NULL, YES},
	{"wait", no_argument, NULL, WAIT},
	{NULL, 0, NULL, 0},
};

/* One more entry of a list that the settings separate by semicolon. */
static int add_entry(const struct cli *cli, const char *option, const char *value, struct buf *list)
{
	if (strchr(value, ';') || !*value)
		return cli_misused(cli, "%s takes one, without a semicolon; repeat it for more",
				   option);
	buf_format(list, "%s%s", list->length ? ";" : "", value);
	return EX_OK;
}

static int take_checked(struct cli *cli, struct order *o, int option, const char *value)
{
	switch (option) {
	case TO:
		return targets_add(cli, &o->targets, value);
	case WITHIN:
		return targets_within(cli, &o->targets, value);
	case EXCEPT:
		return targets_except(cli, &o->targets, value);
	case KIND:
		o->kind = kind_asked_for(value);
		return o->kind ? EX_OK : cli_misused(cli, "--kind is safety, notice or drill");
	case CHANNEL:
		o->channels = value;
		return channels_by_names(value)
			       ? EX_OK
			       : cli_misused(cli, "--channels are mail, voice, push, by comma");
	case ROUNDS:
		return cli_read_id(value, &o->rounds) && o->rounds <= 100
			       ? EX_OK
			       : cli_misused(cli, "--rounds is a number from 1 to 100");
	case CHOICE:
		return add_entry(cli, "--choice", value, &o->choices);
	case ITEM:
		return add_entry(cli, "--item", value, &o->items);
	default:
		return EX_USAGE; /* a message was printed */
	}
}

static int take_option(struct cli *cli, struct order *o, int option, const char *value)
{
	switch (option) {
	case TITLE:
	case TITLE_EN:
		o->source.title[option == TITLE ? LANGUAGE_JA : LANGUAGE_EN] = value;
		return EX_OK;
	case BODY:
	case BODY_EN:
		o->source.body[option == BODY ? LANGUAGE_JA : LANGUAGE_EN] = value;
		return EX_OK;
	case TEMPLATE:
		o->source.template = value;
		return EX_OK;
	case DRY_RUN:
		o->dry_run = true;
		return EX_OK;
	case YES:
		o->yes = true;
		return EX_OK;
	case WAIT:
		o->wait = true;
		return EX_OK;
	default:
		return take_checked(cli, o, option, value);
	}
}

static int read_order(struct cli *cli, int argc, char **argv, struct order *o)
{
	const char **body = o->source.body;
	int option, code = EX_OK;

	while (!code && (option = cli_option(cli, argc, argv, known)) != -1)
		code = take_option(cli, o, option, optarg);
	if (code)
		return code;
	if (optind < argc)
		return cli_misused(cli, "\"%.60s\" is no option; the title goes behind --title",
				   argv[optind]);
	if (body[0] && body[1] && strcmp(body[0], "-") == 0 && strcmp(body[1], "-") == 0)
		return cli_misused(cli, "only one of --body and --body-en can be standard input");
	if (!o->targets.named) {
		code = targets_add(cli, &o->targets, "all");
		cli_say(cli, "no --to was given: this is for everyone%s",
			o->targets.count > 1 ? " but those taken out" : "");
	}
	return code;
}

/* making the broadcast of it */

static int take_question(struct cli *cli, const struct order *o, struct broadcast *b)
{
	struct buf fault = {0};
	int code = EX_OK;

	if (!preset_question(cli_settings(cli), buf_text(&o->choices), buf_text(&o->items), b,
			     &fault))
		code = cli_fail(cli, o->choices.length || o->items.length ? EX_USAGE : EX_CONFIG,
				"%s", buf_text(&fault));
	buf_free(&fault);
	return code;
}

static int take_channels(struct cli *cli, const struct order *o, struct broadcast *b)
{
	const char *in_use = cli_settings(cli)->broadcast_channels;

	b->channels = channels_by_names(o->channels ? o->channels : in_use);
	if (!b->channels)
		return cli_fail(cli, EX_CONFIG,
				"settings: broadcast.channels: \"%s\" are no channels; see: tenko "
				"config check",
				in_use);
	if (b->channels & ~channels_by_names(in_use))
		cli_say(cli,
			"not all of %s are channels in use (settings: broadcast.channels = %s)",
			o->channels, in_use);
	return EX_OK;
}

static int make_broadcast(struct cli *cli, const struct order *o, struct broadcast *b)
{
	struct message message = {0};
	int code = message_read(cli, &o->source, o->kind, &message);

	b->title = message.title[LANGUAGE_JA];
	b->title_en = message.title[LANGUAGE_EN];
	b->body = message.body[LANGUAGE_JA];
	b->body_en = message.body[LANGUAGE_EN];
	b->kind = o->kind;
	b->lane = o->kind == KIND_SAFETY ? 0 : 1;
	b->targets = mem_string(buf_text(&o->targets.words));
	b->requested_by = mem_string(cli_who());
	preset_policy(cli_settings(cli), &b->policy);
	if (o->rounds)
		b->policy.rounds = (int)o->rounds;
	if (!code)
		code = take_question(cli, o, b);
	if (!code)
		code = take_channels(cli, o, b);
	return code;
}

/* asking back */

/* EX_OK: go on. */
static int confirm(struct cli *cli, const struct order *o, int64_t people)
{
	struct buf count = {0};
	char answer[16] = "";
	int code = EX_OK;

	if (o->yes || people <= cli_settings(cli)->broadcast_confirm_over)
		return EX_OK;
	show_people(people, &count);
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		code = cli_fail(cli, EX_USAGE,
				"this would reach %s; if that is meant, add --yes. "
				"Nothing was sent",
				buf_text(&count));
	} else {
		clearerr(stdin); /* the body may have come from there */
		fprintf(stderr, "Send to %s? [y/N] ", buf_text(&count));
		if (!fgets(answer, sizeof answer, stdin) || (*answer != 'y' && *answer != 'Y'))
			code = cli_fail(cli, EX_USAGE, "nothing was sent");
	}
	buf_free(&count);
	return code;
}

/* sending */

static enum store_status store_request(struct store *store, const struct order *o,
				       struct broadcast *b, const struct estimate *estimate)
{
	enum store_status status = store_begin(store);

	if (status)
		return status;
	b->requested_at = clock_utc();
	status = broadcast_request(store, b, o->targets.list, o->targets.count);
	if (!status)
		status = figures_keep_forecast(store, b->id, estimate->forecast.all_ms);
	crash_point(CRASH_BROADCAST_UNCOMMITTED);
	if (!status)
		return store_commit(store);
	store_rollback(store);
	return status;
}

static void answer_sent(const struct cli *cli, const struct broadcast *b,
			const struct estimate *estimate)
{
	struct buf people = {0};

	if (cli->json) {
		cli_answer(json_pack("{s:I, s:I, s:I}", "broadcast", (json_int_t)b->id, "targeted",
				     (json_int_t)b->targeted, "unreachable",
				     (json_int_t)estimate->forecast.unreachable));
	} else {
		show_people(b->targeted, &people);
		printf("Broadcast %lld: %s\nNext: tenko status %lld --watch\n", (long long)b->id,
		       buf_text(&people), (long long)b->id);
	}
	fflush(stdout);
	buf_free(&people);
}

/* Who chose the channels by --channels knows; a setting may have been forgotten. */
static void say_passed_over(const struct cli *cli, const struct order *o,
			    const struct estimate *estimate)
{
	const int64_t *people = estimate->forecast.passed_over;

	for (int channel = CHANNEL_NONE + 1; channel < CHANNEL_END && !o->channels; channel++)
		if (people[channel])
			cli_say(cli,
				"%lld of them have %s in their dial order, which is passed over: "
				"it is not in broadcast.channels",
				(long long)people[channel], channel_name((enum channel)channel));
}

static int send_it(struct cli *cli, const struct order *o, struct broadcast *b,
		   const struct estimate *estimate)
{
	status_warn(cli);
	int code = confirm(cli, o, estimate->forecast.people);

	if (code)
		return code;
	b->expires_at = clock_utc() + cli_settings(cli)->reply_lifetime;
	enum store_status status = store_request(cli_store(cli), o, b, estimate);
	if (status)
		return cli_store_failed(cli, status);
	crash_point(CRASH_BROADCAST_COMMITTED);
	if (estimate->forecast.unreachable)
		cli_say(cli, "%lld of them have no contact of these channels; see: tenko list %lld",
			(long long)estimate->forecast.unreachable, (long long)b->id);
	say_passed_over(cli, o, estimate);
	if (!cli_poke(cli))
		cli_say(cli, "recorded; the scheduler is not running and will send it when it "
			     "starts (tenkod)");
	if (!o->wait || !cli->json)
		answer_sent(cli, b, estimate);
	return o->wait ? watch_to_end(cli, b->id) : EX_OK;
}

static int run(struct cli *cli, const struct order *o, struct broadcast *b)
{
	struct estimate estimate = {0};
	int code = make_broadcast(cli, o, b);

	if (!code)
		code = estimate_make(cli, b, &o->targets, &estimate);
	if (!code && estimate.forecast.people == 0)
		code = cli_fail(cli, EX_DATAERR,
				"nobody to reach: no active people in: %s. Nothing was stored",
				b->targets);
	if (!code)
		code = o->dry_run ? estimate_print(cli, b, &o->targets, &estimate)
				  : send_it(cli, o, b, &estimate);
	return code;
}

int cmd_broadcast(struct cli *cli, int argc, char **argv)
{
	struct order order = {.kind = KIND_SAFETY};
	struct broadcast *b = mem_alloc(sizeof *b);
	int code = read_order(cli, argc, argv, &order);

	if (!code)
		code = run(cli, &order, b);
	broadcast_free(b);
	targets_free(&order.targets);
	buf_free(&order.choices);
	buf_free(&order.items);
	return code;
}
