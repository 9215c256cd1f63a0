#include "dispatcher/cli/command.h"

#include "common/base/clock.h"
#include "common/store/broadcast.h"
#include "common/store/listing.h"
#include "dispatcher/cli/bad_addresses.h"
#include "dispatcher/cli/cells.h"
#include "dispatcher/cli/show.h"
#include "dispatcher/cli/status.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { BROADCASTS_SHOWN = 20 };

/* the recent broadcasts */

struct recent {
	int64_t ids[BROADCASTS_SHOWN];
	size_t count;
};

static void note_id(const struct broadcast *b, void *arg)
{
	struct recent *recent = arg;

	recent->ids[recent->count++] = b->id;
}

static void print_broadcast(const struct figures *f)
{
	char asked[CLOCK_TEXT];
	struct buf line = {0};

	buf_format(&line, "%5" PRId64 "  %.16s  ", f->broadcast,
		   clock_local_text(f->requested_at, asked));
	show_cell(kind_name(f->kind), 7, &line);
	show_cell(broadcast_state_name(f->state), 10, &line);
	buf_format(&line, "%" PRId64 "/%" PRId64 "  ", f->people[DELIVERY_ANSWERED], f->targeted);
	printf("%s%s\n", buf_text(&line), f->title);
	buf_free(&line);
}

static int list_broadcasts(struct cli *cli)
{
	json_t *list = json_array();
	struct recent recent = {0};
	int code = EX_OK;

	enum store_status status =
		broadcast_each(cli_store(cli), BROADCASTS_SHOWN, note_id, &recent);
	if (status)
		code = cli_store_failed(cli, status);
	for (size_t i = 0; !code && i < recent.count; i++) {
		struct figures *f = NULL;
		code = status_load(cli, recent.ids[i], &f);
		if (!code && cli->json)
			json_array_append_new(list, figures_json(f));
		else if (!code)
			print_broadcast(f);
		figures_free(f);
	}
	if (!code && cli->json)
		cli_answer(json_pack("{s:O}", "broadcasts", list));
	if (!code && recent.count == 0)
		cli_say(cli, "no broadcast yet; see: tenko broadcast --help");
	json_decref(list);
	return code;
}

/* the people of one: ways to print them */

struct printing {
	const struct figures *figures; /* for the choices' names */
	enum language language;
	size_t printed;
};

static const char *const state_words[LANGUAGES][DELIVERY_STATE_END] = {
	[LANGUAGE_JA] = {[DELIVERY_WAITING] = "未回答",
			 [DELIVERY_IN_FLIGHT] = "未回答(連絡中)",
			 [DELIVERY_ANSWERED] = "回答済",
			 [DELIVERY_EXHAUSTED] = "未回答(連絡終了)",
			 [DELIVERY_CANCELLED] = "中止"},
	[LANGUAGE_EN] = {[DELIVERY_WAITING] = "waiting",
			 [DELIVERY_IN_FLIGHT] = "in flight",
			 [DELIVERY_ANSWERED] = "answered",
			 [DELIVERY_EXHAUSTED] = "exhausted",
			 [DELIVERY_CANCELLED] = "cancelled"},
};

static const char *choice_label(const struct printing *p, const char *key)
{
	for (size_t i = 0; i < p->figures->answer_count; i++)
		if (strcmp(p->figures->answers[i].key, key) == 0)
			return p->figures->answers[i].label[p->language];
	return key;
}

/* "mail delivered 2026-11-21 13:05:06" */
static void last_attempt(const struct listed *person, struct buf *out)
{
	char at[CLOCK_TEXT];

	if (!person->tried_at)
		return;
	buf_format(out, "%s %s %s", channel_name(person->channel),
		   person->outcome ? outcome_name(person->outcome) : "under way",
		   clock_local_text(person->tried_at, at));
}

static void print_csv_head(const struct printing *p)
{
	static const char *const heads[LANGUAGES] = {
		"ユーザID,氏名,グループID,グループ,状態,回答,回答日時,コメント,"
		"代理入力者,最終連絡",
		"user,name,group_id,group,state,choice,answered_at,comment,by,last_attempt"};

	printf("\xef\xbb\xbf%s\r\n", heads[p->language]);
}

static void print_csv(const struct listed *person, void *arg)
{
	struct printing *p = arg;
	struct buf line = {0}, last = {0};
	char answered[CLOCK_TEXT] = "";

	if (person->answered_at)
		clock_local_text(person->answered_at, answered);
	last_attempt(person, &last);
	const char *cells[] = {person->code,
			       person->name,
			       person->group,
			       person->group_name,
			       state_words[p->language][person->state],
			       choice_label(p, person->choice),
			       answered,
			       person->comment,
			       person->by,
			       buf_text(&last)};
	for (size_t i = 0; i < LENGTH(cells); i++)
		cell_put(cells[i], &line);
	printf("%s\r\n", buf_text(&line));
	buf_free(&line);
	buf_free(&last);
	p->printed++;
}

static json_t *moment_json(int64_t at)
{
	char text[CLOCK_TEXT];
	return at ? json_string(clock_utc_text(at, text)) : json_null();
}

static json_t *attempt_json(const struct listed *person)
{
	if (!person->tried_at)
		return json_null();
	return json_pack("{s:s, s:o, s:o}", "channel", channel_name(person->channel), "outcome",
			 person->outcome ? json_string(outcome_name(person->outcome)) : json_null(),
			 "at", moment_json(person->tried_at));
}

/* One by one: a million people are not kept in memory. */
static void print_json(const struct listed *person, void *arg)
{
	struct printing *p = arg;
	json_t *items = json_loads(*person->items ? person->items : "[]", 0, NULL);
	json_t *json =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:o, s:s, s:o, s:s?, s:s, s:o}", "user",
			  person->code, "name", person->name, "group", person->group, "group_name",
			  person->group_name, "state", delivery_state_name(person->state), "choice",
			  person->answered_at ? person->choice : NULL, "answered_at",
			  moment_json(person->answered_at), "comment", person->comment, "items",
			  items ? items : json_array(), "way",
			  person->way ? reply_way_name(person->way) : NULL, "by", person->by,
			  "last_attempt", attempt_json(person));

	fputs(p->printed++ ? ", " : "", stdout);
	json_dumpf(json, stdout, 0);
	json_decref(json);
}

static void print_text(const struct listed *person, void *arg)
{
	struct printing *p = arg;
	struct buf line = {0};
	char at[CLOCK_TEXT];

	show_cell(person->code, 12, &line);
	buf_char(&line, ' ');
	show_cell(person->name, 16, &line);
	buf_char(&line, ' ');
	show_cell(person->group_name, 12, &line);
	buf_char(&line, ' ');
	show_cell(delivery_state_name(person->state), 10, &line);
	if (person->answered_at)
		buf_format(&line, "%s  %.16s  %s", choice_label(p, person->choice),
			   clock_local_text(person->answered_at, at), person->comment);
	else
		last_attempt(person, &line);
	line_print(&line);
	buf_free(&line);
	p->printed++;
}

/* the people of one */

struct request {
	struct listing listing;
	bool csv, bad_addresses, addresses;
};

static enum store_status print_people(struct cli *cli, const struct request *r, struct printing *p)
{
	enum store_status status;

	if (cli->json)
		printf("{\"broadcast\": %" PRId64 ", \"people\": [", r->listing.broadcast);
	else if (r->csv)
		print_csv_head(p);
	status = listing_each(cli_store(cli), &r->listing,
			      cli->json ? print_json
			      : r->csv  ? print_csv
					: print_text,
			      p);
	if (cli->json)
		puts("]}");
	return status;
}

static bool has_choice(const struct figures *f, const char *key)
{
	for (size_t i = 0; i < f->answer_count; i++)
		if (strcmp(f->answers[i].key, key) == 0)
			return true;
	return false;
}

static int list_people(struct cli *cli, struct request *r)
{
	struct figures *f = NULL;
	struct printing p = {.language = cli_language(cli)};
	int code = status_load(cli, r->listing.broadcast, &f);

	p.figures = f;
	if (!code && r->listing.choice && !has_choice(f, r->listing.choice))
		code = cli_fail(cli, EX_DATAERR,
				"broadcast %" PRId64
				" has no choice \"%.40s\"; it has these: tenko "
				"status %" PRId64,
				r->listing.broadcast, r->listing.choice, r->listing.broadcast);
	if (!code && !f->fanned_out)
		cli_say(cli, "not everybody is listed yet: the scheduler has not gone through all");
	if (!code) {
		r->listing.family = f->kind == KIND_FAMILY;
		enum store_status status = print_people(cli, r, &p);
		code = status ? cli_store_failed(cli, status) : EX_OK;
	}
	figures_free(f);
	return code;
}

static bool take_state(const char *name, unsigned *states)
{
	static const unsigned unanswered =
		1u << DELIVERY_WAITING | 1u << DELIVERY_IN_FLIGHT | 1u << DELIVERY_EXHAUSTED;
	enum delivery_state state = delivery_state_by_name(name);

	if (strcmp(name, "unanswered") == 0)
		*states |= unanswered;
	else if (state)
		*states |= 1u << state;
	else
		return false;
	return true;
}

static int read_options(const struct cli *cli, int argc, char **argv, struct request *r)
{
	static const struct option known[] = {
		{"state", required_argument, NULL, 's'}, {"choice", required_argument, NULL, 'c'},
		{"csv", no_argument, NULL, 'v'},         {"bad-addresses", no_argument, NULL, 'b'},
		{"addresses", no_argument, NULL, 'a'},   {NULL, 0, NULL, 0}};
	int c;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		if (c == 's' && !take_state(optarg, &r->listing.states))
			return cli_misused(cli,
					   "--state is unanswered, waiting, in_flight, answered, "
					   "exhausted or cancelled");
		if (c == 'c')
			r->listing.choice = optarg;
		r->csv |= c == 'v';
		r->bad_addresses |= c == 'b';
		r->addresses |= c == 'a';
	}
	if (argc - optind > 1 ||
	    (argc > optind && !cli_read_id(argv[optind], &r->listing.broadcast)))
		return cli_misused(cli, "takes one broadcast's number");
	if (cli->json && r->csv)
		return cli_misused(cli, "--csv or --json, not both");
	if (r->bad_addresses && (r->listing.broadcast || r->listing.states || r->listing.choice))
		return cli_misused(cli,
				   "--bad-addresses is about the roster, not about a broadcast");
	if (r->addresses && !r->bad_addresses)
		return cli_misused(cli, "--addresses goes with --bad-addresses");
	if (r->bad_addresses)
		return EX_OK;
	if (!r->listing.broadcast && (r->listing.states || r->listing.choice || r->csv))
		return cli_misused(cli, "whose people? Give the broadcast's number");
	if (!r->listing.states)
		r->listing.states = ~0u;
	return EX_OK;
}

int cmd_list(struct cli *cli, int argc, char **argv)
{
	struct request request = {0};
	int code = read_options(cli, argc, argv, &request);

	if (code)
		return code;
	if (request.bad_addresses)
		return bad_addresses_list(cli,
					  cli->json     ? BAD_JSON
					  : request.csv ? BAD_CSV
							: BAD_TEXT,
					  request.addresses);
	return request.listing.broadcast ? list_people(cli, &request) : list_broadcasts(cli);
}
