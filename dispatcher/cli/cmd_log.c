#include "dispatcher/cli/command.h"

#include "common/base/call.h"
#include "common/base/clock.h"
#include "common/hazard/decide.h"
#include "common/store/bounce.h"
#include "common/store/people.h"
#include "common/store/states.h"
#include "common/store/story.h"
#include "common/store/telegram.h"
#include "dispatcher/cli/cells.h"
#include "dispatcher/cli/interrupt.h"
#include "dispatcher/cli/show.h"
#include "dispatcher/cli/views/story_words.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { MOST = 200, MOST_EVER = 1000000, LOOK_MS = 500, SUBJECT_COLUMNS = 15 };

struct request {
	struct story_about about;
	bool follow;
};

/* reading the command line */

/* A user's code, else the number that logs and the ledger have. */
static int find_person(struct cli *cli, const char *value, int64_t *id)
{
	enum person_state state;
	enum store_status status = people_find(cli_store(cli), value, id, &state);

	if (status == STORE_NONE && cli_read_id(value, id)) {
		char *code = NULL, *name = NULL;
		status = people_name(cli_store(cli), *id, &code, &name);
		free(code);
		free(name);
	}
	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR,
				"no user \"%.60s\"; all of them: tenko export --users -", value);
	return status ? cli_store_failed(cli, status) : EX_OK;
}

static int take_word(struct cli *cli, const char *word, struct request *r)
{
	const struct {
		const char *name;
		int64_t *id;
	} known[] = {{"attempt", &r->about.attempt},
		     {"broadcast", &r->about.broadcast},
		     {"telegram", &r->about.telegram}};
	const char *value = strchr(word, '=');
	size_t length = value ? (size_t)(value - word) : 0;

	if (value && length == strlen("person") && strncmp(word, "person", length) == 0)
		return find_person(cli, value + 1, &r->about.person);
	for (size_t i = 0; value && i < LENGTH(known); i++)
		if (strlen(known[i].name) == length && strncmp(word, known[i].name, length) == 0)
			return cli_read_id(value + 1, known[i].id)
				       ? EX_OK
				       : cli_misused(cli,
						     "\"%.60s\" has no number behind the =", word);
	return cli_misused(cli,
			   "takes attempt=N, broadcast=N, person=USER or telegram=N, not \"%.60s\"",
			   word);
}

static int read_request(struct cli *cli, int argc, char **argv, struct request *r)
{
	static const struct option known[] = {{"follow", no_argument, NULL, 'f'},
					      {"most", required_argument, NULL, 'm'},
					      {NULL, 0, NULL, 0}};
	int c, code = EX_OK;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		if (c == 'f')
			r->follow = true;
		else if (!cli_read_id(optarg, &r->about.most) || r->about.most > MOST_EVER)
			return cli_misused(cli, "--most is a number from 1 to %d", MOST_EVER);
	}
	if (optind == argc)
		return cli_misused(
			cli, "say of what: attempt=N, broadcast=N, person=USER or telegram=N");
	for (; !code && optind < argc; optind++)
		code = take_word(cli, argv[optind], r);
	if (!code && r->about.telegram &&
	    (r->about.attempt || r->about.broadcast || r->about.person))
		return cli_misused(cli, "telegram=N stands alone");
	return code;
}

/* one event in words */

static void subject(const struct story_event *e, struct buf *out)
{
	if (e->attempt)
		buf_format(out, "attempt=%" PRId64, e->attempt);
	else if (e->kind == STORY_REPLY)
		buf_format(out, "person=%s", e->user ? e->user : "?");
	else if (e->telegram)
		buf_format(out, "telegram=%" PRId64, e->telegram);
	else
		buf_format(out, "broadcast=%" PRId64, e->broadcast);
}

static void print_event(const struct story_event *e, bool with_people)
{
	char at[CLOCK_TEXT];
	struct buf line = {0}, of = {0};

	subject(e, &of);
	buf_format(&line, "%s  ", clock_local_text(e->at, at));
	show_cell(buf_text(&of), SUBJECT_COLUMNS > of.length ? SUBJECT_COLUMNS : of.length, &line);
	buf_text_add(&line, "  ");
	if (with_people && e->attempt && e->user)
		buf_format(&line, "person=%s ", e->user);
	story_say(e, &line);
	if (e->ledger)
		buf_format(&line, "  [ledger %" PRId64 "]", e->ledger);
	line_print(&line);
	buf_free(&line);
	buf_free(&of);
}

/* JSON */

static const char *number_word(const struct story_event *e)
{
	switch (e->kind) {
	case STORY_TELEGRAM:
		return telegram_state_name((enum telegram_state)e->number);
	case STORY_DECIDED:
		return verdict_name((enum verdict)e->number);
	case STORY_REQUESTED:
		return kind_name((enum kind)e->number);
	case STORY_CONTROL:
		return control_verb_name((enum control_verb)e->number);
	case STORY_FINISHED:
		return broadcast_state_name((enum broadcast_state)e->number);
	case STORY_CALL:
		return call_status_name((enum call_status)e->number);
	case STORY_ENDED:
		return outcome_name((enum outcome)e->number);
	case STORY_BOUNCED:
		return e->number == BOUNCE_FAILED    ? "failed"
		       : e->number == BOUNCE_EXPIRED ? "expired"
						     : "delayed";
	case STORY_REPLY:
		return reply_way_name((enum reply_way)e->number);
	case STORY_EVENT:
	case STORY_STARTED:
	case STORY_QUEUED:
	case STORY_KINDS_END:
		break;
	}
	return "";
}

static void put_id(json_t *json, const char *name, int64_t id)
{
	if (id)
		json_object_set_new(json, name, json_integer(id));
}

static json_t *one_json(const struct story_event *e)
{
	char at[CLOCK_TEXT];
	json_t *json = json_pack("{s:s, s:s}", "at", clock_utc_text(e->at, at), "what",
				 story_kind_name(e->kind));

	put_id(json, "telegram", e->telegram);
	put_id(json, "broadcast", e->broadcast);
	put_id(json, "attempt", e->attempt);
	if (e->user)
		json_object_set_new(json, "user", cli_json_text(e->user));
	if (e->channel)
		json_object_set_new(json, "channel", json_string(channel_name(e->channel)));
	if (*number_word(e))
		json_object_set_new(json, "is", json_string(number_word(e)));
	if (*e->text)
		json_object_set_new(json, "text", cli_json_text(e->text));
	if (*e->who)
		json_object_set_new(json, "who", cli_json_text(e->who));
	put_id(json, "call_attempt", e->kind == STORY_QUEUED ? e->number : 0);
	put_id(json, "ledger", e->ledger);
	return json;
}

/* the whole, and what comes */

static int load(struct cli *cli, const struct request *r, struct story *story)
{
	enum store_status status = story_load(cli_store(cli), &r->about, story);

	if (status == STORE_NONE && r->about.attempt)
		return cli_fail(
			cli, EX_DATAERR,
			"no attempt %" PRId64 "%s; a person's attempts: tenko log person=USER",
			r->about.attempt, r->about.person || r->about.broadcast ? " of these" : "");
	if (status == STORE_NONE && r->about.telegram)
		return cli_fail(cli, EX_DATAERR, "no telegram %" PRId64 "; see: tenko feed list",
				r->about.telegram);
	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR, "no broadcast %" PRId64 "; see: tenko list",
				r->about.broadcast);
	return status ? cli_store_failed(cli, status) : EX_OK;
}

/* The first time that an event is seen; `seen` is the set of those that were. */
static bool is_new(json_t *seen, const struct story_event *e)
{
	char key[48];

	snprintf(key, sizeof key, "%d %" PRId64, (int)e->kind, e->id);
	if (json_object_get(seen, key))
		return false;
	json_object_set_new(seen, key, json_true());
	return true;
}

static int print_news(struct cli *cli, const struct request *r, json_t *seen)
{
	struct story story;
	int code = load(cli, r, &story);

	for (size_t i = 0; !code && i < story.count; i++) {
		if (!is_new(seen, &story.list[i]))
			continue;
		if (cli->json)
			cli_answer(one_json(&story.list[i]));
		else
			print_event(&story.list[i], !r->about.person && !r->about.attempt);
	}
	fflush(stdout);
	if (!code)
		story_free(&story);
	return code;
}

static int follow(struct cli *cli, const struct request *r)
{
	json_t *seen = json_object();
	int code;

	interrupt_catch();
	while ((code = print_news(cli, r, seen)) == EX_OK && !interrupt_came())
		poll(NULL, 0, LOOK_MS);
	json_decref(seen);
	return code;
}

static void say_state(const char *state, int64_t due_at)
{
	char at[CLOCK_TEXT];

	if (!*state)
		return;
	printf("Now: %s", state);
	if (due_at)
		printf("; next not before %s", clock_local_text(due_at, at));
	putchar('\n');
}

static int answer(struct cli *cli, const struct request *r)
{
	struct story story;
	char *state = NULL;
	int64_t due_at;
	json_t *list = json_array();
	int code = load(cli, r, &story);

	for (size_t i = 0; !code && i < story.count; i++) {
		if (cli->json)
			json_array_append_new(list, one_json(&story.list[i]));
		else
			print_event(&story.list[i], !r->about.person && !r->about.attempt);
	}
	if (!code) {
		enum store_status status =
			story_outcome(cli_store(cli), &r->about, &state, &due_at);
		code = status ? cli_store_failed(cli, status) : EX_OK;
		story_free(&story);
	}
	if (!code && cli->json)
		cli_answer(json_pack("{s:O, s:s}", "events", list, "now", state));
	else if (!code)
		say_state(state, due_at);
	free(state);
	json_decref(list);
	return code;
}

int cmd_log(struct cli *cli, int argc, char **argv)
{
	struct request r = {.about.most = MOST};
	int code = read_request(cli, argc, argv, &r);

	if (code)
		return code;
	return r.follow ? follow(cli, &r) : answer(cli, &r);
}
