#include "dispatcher/cli/command.h"

#include "common/base/clock.h"
#include "common/base/utf8.h"
#include "common/store/people.h"
#include "common/store/reply.h"
#include "common/text/question.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { BY_MOST = 64 };

struct answer {
	int64_t broadcast;
	const char *user, *choice, *comment, *by;
	const char *items[QUESTION_ITEMS];
	size_t item_count;
};

static int check_text(const struct cli *cli, const char *option, const char *text, size_t most,
		      bool lines)
{
	if (!utf8_valid(text, strlen(text)) || utf8_has_controls(text, lines))
		return cli_fail(cli, EX_DATAERR, "%s: not plain UTF-8 text", option);
	if (utf8_count(text) > most)
		return cli_fail(cli, EX_DATAERR, "%s: %zu characters, %zu at most", option,
				utf8_count(text), most);
	return EX_OK;
}

static int read_options(const struct cli *cli, int argc, char **argv, struct answer *a)
{
	static const struct option known[] = {
		{"choice", required_argument, NULL, 'c'},
		{"comment", required_argument, NULL, 'o'},
		{"item", required_argument, NULL, 'i'},
		{"by", required_argument, NULL, 'b'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		if (c == 'c')
			a->choice = optarg;
		else if (c == 'o')
			a->comment = optarg;
		else if (c == 'b')
			a->by = optarg;
		else if (a->item_count < QUESTION_ITEMS)
			a->items[a->item_count++] = optarg;
		else
			return cli_misused(cli, "--item: %d at most", QUESTION_ITEMS);
	}
	if (argc - optind != 2 || !cli_read_id(argv[optind], &a->broadcast))
		return cli_misused(cli, "takes a broadcast's number and a user's id");
	a->user = argv[optind + 1];
	return a->choice ? EX_OK : cli_misused(cli, "--choice is needed");
}

static int check_texts(const struct cli *cli, const struct answer *a)
{
	int code = check_text(cli, "--comment", a->comment, COMMENT_MOST, true);

	if (!code)
		code = check_text(cli, "--by", a->by, BY_MOST, false);
	for (size_t i = 0; !code && i < a->item_count; i++)
		code = check_text(cli, "--item", a->items[i], ITEM_MOST, false);
	if (!code && !*a->by)
		code = cli_misused(cli, "--by: whose name?");
	return code;
}

static int no_such_choice(const struct cli *cli, const struct question *q, const char *choice)
{
	struct buf keys = {0};

	for (size_t i = 0; i < q->choice_count; i++)
		buf_format(&keys, "%s%s", i ? ", " : "", q->choice[i].key);
	int code = cli_fail(cli, EX_DATAERR, "no choice \"%.40s\"; this broadcast has: %s", choice,
			    buf_text(&keys));
	buf_free(&keys);
	return code;
}

static int check_answer(const struct cli *cli, const struct answer *a,
			const struct reply_page *page)
{
	struct question question;
	struct buf fault = {0};
	int code = EX_OK;

	if (!question_from_json(page->choices, page->items, &question, &fault)) {
		code = cli_fail(cli, EX_SOFTWARE, "the question of broadcast %lld is damaged: %s",
				(long long)a->broadcast, buf_text(&fault));
		buf_free(&fault);
		return code;
	}
	if (question_choice(&question, a->choice) < 0)
		code = no_such_choice(cli, &question, a->choice);
	else if (a->item_count > question.item_count)
		code = cli_fail(cli, EX_DATAERR, "--item: this broadcast asks for %zu",
				question.item_count);
	question_free(&question);
	return code;
}

static char *items_json(const struct answer *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->item_count; i++)
		json_array_append_new(list, json_string(a->items[i]));
	char *text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	return text;
}

static enum store_status record(struct cli *cli, struct reply *reply)
{
	struct store *store = cli_store(cli);
	enum store_status status = store_begin(store);

	reply->at = clock_utc();
	if (!status)
		status = reply_append(store, reply);
	if (!status)
		return store_commit(store);
	store_rollback(store);
	return status;
}

static int answer_for(struct cli *cli, const struct answer *a, const struct reply_page *page)
{
	int code = check_answer(cli, a, page);

	if (code)
		return code;
	char *items = items_json(a);
	struct reply reply = {
		.broadcast = a->broadcast,
		.person = page->person,
		.choice = a->choice,
		.items = items,
		.comment = a->comment,
		.way = WAY_PROXY,
		.by = a->by,
		.who = cli_who(),
	};
	enum store_status status = record(cli, &reply);
	free(items);
	if (status)
		return cli_store_failed(cli, status);
	cli_poke(cli);
	if (cli->json)
		cli_answer(json_pack("{s:I, s:s, s:s, s:I, s:s}", "broadcast",
				     (json_int_t)a->broadcast, "user", a->user, "choice", a->choice,
				     "reply", (json_int_t)reply.id, "by", a->by));
	else
		printf("Recorded for %s (%s): %s, by %s\n", a->user, page->name, a->choice, a->by);
	return EX_OK;
}

static int find_person(struct cli *cli, const struct answer *a, int64_t *person)
{
	enum person_state state;
	enum store_status status = people_find(cli_store(cli), a->user, person, &state);

	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR,
				"no user \"%.60s\"; all of them: tenko export --users -", a->user);
	return status ? cli_store_failed(cli, status) : EX_OK;
}

int cmd_reply(struct cli *cli, int argc, char **argv)
{
	struct answer a = {.comment = "", .by = cli_who()};
	struct reply_page page = {0};
	int64_t person;
	int code = read_options(cli, argc, argv, &a);

	if (!code)
		code = check_texts(cli, &a);
	if (!code)
		code = find_person(cli, &a, &person);
	if (code)
		return code;
	enum store_status status = reply_page_load(cli_store(cli), a.broadcast, person, &page);
	if (status == STORE_NONE)
		return cli_fail(cli, EX_DATAERR,
				"%s was not asked by broadcast %lld; see: tenko list", a.user,
				(long long)a.broadcast);
	if (status)
		return cli_store_failed(cli, status);
	code = answer_for(cli, &a, &page);
	reply_page_free(&page);
	return code;
}
