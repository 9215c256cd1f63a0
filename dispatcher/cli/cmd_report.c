#include "dispatcher/cli/command.h"

#include "common/base/clock.h"
#include "dispatcher/cli/cells.h"
#include "dispatcher/cli/report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>

enum { BEFORE_MOST = 10, BEFORE_USUAL = 3 };

struct request {
	int64_t broadcast; /* 0: the newest */
	bool html, csv;
	int64_t before; /* how many earlier ones stand beside it */
};

/* a person a line */

struct rows {
	struct cli *cli;
	int64_t started_at;
};

static void add_seconds(int64_t from, int64_t at, struct buf *line)
{
	char text[32] = "";

	if (at)
		snprintf(text, sizeof text, "%" PRId64, at > from ? (at - from) / 1000 : 0);
	cell_put(text, line);
}

static void print_row(const struct journey *j, void *arg)
{
	const struct rows *rows = arg;
	struct buf line = {0};

	cell_put(j->code, &line);
	cell_put(j->name, &line);
	cell_put(j->group, &line);
	cell_put(j->group_name, &line);
	cell_put(delivery_state_name(j->state), &line);
	cell_put(channel_name(j->reached_by), &line);
	add_seconds(rows->started_at, j->reached_at, &line);
	add_seconds(rows->started_at, j->answered_at, &line);
	cell_put(j->choice, &line);
	cell_put(channel_name(j->last_channel), &line);
	cell_put(outcome_name(j->last_outcome), &line);
	printf("%s\r\n", buf_text(&line));
	buf_free(&line);
}

static int print_rows(struct cli *cli, const struct report *r)
{
	static const char *const heads[LANGUAGES] = {
		"ユーザID,氏名,グループID,グループ,状態,届いた手段,届くまでの秒数,回答までの秒数,"
		"回答,最終連絡の手段,最終連絡の結果",
		"user,name,group_id,group,state,reached_by,reached_seconds,answered_seconds,"
		"choice,last_channel,last_outcome"};
	struct rows rows = {.cli = cli, .started_at = r->figures->started_at};

	printf("\xef\xbb\xbf%s\r\n", heads[cli_language(cli)]);
	enum store_status status =
		journeys_each(cli_store(cli), r->figures->broadcast, print_row, &rows);
	return status ? cli_store_failed(cli, status) : EX_OK;
}

/* the report */

static int print(struct cli *cli, const struct request *request, const struct report *r,
		 struct report *const *before, size_t count)
{
	if (request->csv)
		return print_rows(cli, r);
	if (cli->json)
		report_json(r, before, count);
	else if (request->html)
		report_html(r, before, count, cli_language(cli));
	else
		report_text(r, before, count);
	return EX_OK;
}

static int make_before(struct cli *cli, const struct report *r, size_t most,
		       struct report **before, size_t *count)
{
	int64_t ids[BEFORE_MOST];
	size_t found;
	enum store_status status = journeys_before(cli_store(cli), r->figures->broadcast,
						   r->figures->kind, ids, most, &found);
	int code = status ? cli_store_failed(cli, status) : EX_OK;

	for (*count = 0; !code && *count < found; ++*count)
		code = report_make(cli, ids[*count], &before[*count]);
	return code;
}

static int read_options(const struct cli *cli, int argc, char **argv, struct request *r)
{
	static const struct option known[] = {{"html", no_argument, NULL, 'h'},
					      {"csv", no_argument, NULL, 'c'},
					      {"before", required_argument, NULL, 'b'},
					      {NULL, 0, NULL, 0}};
	int c;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		if (c == 'b' && (!cli_read_id(optarg, &r->before) || r->before > BEFORE_MOST) &&
		    (optarg[0] != '0' || optarg[1] != '\0'))
			return cli_misused(cli, "--before is a number from 0 to %d", BEFORE_MOST);
		if (c == 'b' && optarg[0] == '0')
			r->before = 0;
		r->html |= c == 'h';
		r->csv |= c == 'c';
	}
	if (argc - optind > 1 || (argc > optind && !cli_read_id(argv[optind], &r->broadcast)))
		return cli_misused(cli, "takes one broadcast's number");
	if (r->html + r->csv + cli->json > 1)
		return cli_misused(cli, "one of --html, --csv and --json");
	return EX_OK;
}

int cmd_report(struct cli *cli, int argc, char **argv)
{
	struct request request = {.before = BEFORE_USUAL};
	struct report *r = NULL, *before[BEFORE_MOST] = {0};
	size_t count = 0;
	int code = read_options(cli, argc, argv, &request);

	if (!code)
		code = report_make(cli, request.broadcast, &r);
	if (!code && !r->figures->started_at)
		code = cli_fail(cli, EX_TEMPFAIL,
				"broadcast %" PRId64 " has not begun yet; see: tenko status %" PRId64,
				r->figures->broadcast, r->figures->broadcast);
	if (!code && !request.csv)
		code = make_before(cli, r, (size_t)request.before, before, &count);
	if (!code)
		code = print(cli, &request, r, before, count);
	for (size_t i = 0; i < count; i++)
		report_free(before[i]);
	report_free(r);
	return code;
}
