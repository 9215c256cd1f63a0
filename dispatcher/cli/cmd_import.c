#include "dispatcher/cli/command.h"

#include "common/base/clock.h"
#include "common/roster/import.h"
#include "dispatcher/cli/roster_faults.h"

#include <sysexits.h>
#include <unistd.h>

enum { PROGRESS_AFTER = 2000 /* milliseconds */ };

struct progress {
	int64_t begun; /* monotonic */
	bool shown;
};

static void show_progress(const char *doing, const char *file, size_t rows, void *arg)
{
	struct progress *p = arg;

	if (clock_monotonic() - p->begun < PROGRESS_AFTER)
		return;
	p->shown = true;
	fprintf(stderr, "\r%s %s: %zu rows\033[K", doing, file, rows);
}

static void end_progress(const struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
}

/* the answer */

static json_t *counts_json(const struct import_report *report, enum roster_file file)
{
	json_t *counts = json_object();

	for (int code = UPDATES_MOST - 1; code >= 0; code--) {
		const char *word = roster_kinds[file].update[code].word;
		if (word)
			json_object_set_new(counts, word, json_integer(report->count[file][code]));
	}
	return counts;
}

static void answer_json(const struct import_request *request, const struct import_report *report)
{
	json_t *answer = json_object();

	for (int i = 0; i < ROSTER_FILES; i++)
		if (request->path[i])
			json_object_set_new(answer, roster_kinds[i].word,
					    counts_json(report, (enum roster_file)i));
	if (request->check_only)
		json_object_set_new(answer, "check", json_true());
	cli_answer(answer);
}

/* "users: 9 registered, 0 updated, ... 0 unchanged" */
static void print_counts(const struct import_report *report, enum roster_file file)
{
	const struct file_kind *kind = &roster_kinds[file];

	printf("%s:", kind->word);
	for (int code = 1; code <= UPDATES_MOST; code++) {
		const char *word = kind->update[code % UPDATES_MOST].word;
		if (!word)
			continue;
		printf("%s %lld ", code > 1 ? "," : "",
		       (long long)report->count[file][code % UPDATES_MOST]);
		for (; *word; word++)
			putchar(*word == '_' ? ' ' : *word);
	}
	putchar('\n');
}

static void answer(const struct cli *cli, const struct import_request *request,
		   const struct import_report *report)
{
	if (cli->json) {
		answer_json(request, report);
		return;
	}
	for (int i = 0; i < ROSTER_FILES; i++)
		if (request->path[i])
			print_counts(report, (enum roster_file)i);
	if (request->check_only)
		cli_say(cli, "checked only; nothing was changed");
}

static int finish(struct cli *cli, const struct import_request *request,
		  const struct import_report *report, enum import_result result)
{
	switch (result) {
	case IMPORT_DONE:
		answer(cli, request, report);
		return EX_OK;
	case IMPORT_FAULTS:
		cli_print_faults(cli, &report->faults);
		return cli_fail(cli, EX_DATAERR, "%zu error%s; nothing was changed",
				report->faults.count, report->faults.count == 1 ? "" : "s");
	case IMPORT_UNREADABLE:
		return cli_fail(cli, EX_NOINPUT, "%s", buf_text(&report->trouble));
	case IMPORT_NO_REGIONS:
		return cli_fail(cli, EX_OSFILE, "%s", buf_text(&report->trouble));
	case IMPORT_CHANGED:
		return cli_fail(cli, EX_TEMPFAIL,
				"the roster was changed by another import "
				"meanwhile; nothing was changed by this "
				"one: try again");
	case IMPORT_STORE:
		break;
	}
	return cli_store_failed(cli, report->status);
}

/* the command */

static int read_options(struct cli *cli, int argc, char **argv, struct import_request *request)
{
	static const struct option known[] = {
		{"groups", required_argument, NULL, ROSTER_GROUPS},
		{"users", required_argument, NULL, ROSTER_USERS},
		{"patterns", required_argument, NULL, ROSTER_PATTERNS},
		{"contacts", required_argument, NULL, ROSTER_CONTACTS},
		{"family", required_argument, NULL, ROSTER_FAMILY},
		{"check", no_argument, NULL, 'c'},
		{NULL, 0, NULL, 0},
	};
	bool any = false;
	int c;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		if (c == 'c') {
			request->check_only = true;
			continue;
		}
		if (request->path[c])
			return cli_misused(cli, "--%s is given twice", roster_kinds[c].word);
		request->path[c] = optarg;
		any = true;
	}
	if (optind < argc)
		return cli_misused(cli,
				   "\"%.60s\" stands alone: say --groups, --users, --patterns, "
				   "--contacts or --family before a file",
				   argv[optind]);
	if (!any)
		return cli_misused(cli, "name at least one file");
	if (cli_count_dashes(request->path) > 1)
		return cli_misused(cli, "standard input (-) can be one file only");
	return EX_OK;
}

int cmd_import(struct cli *cli, int argc, char **argv)
{
	struct progress progress = {.begun = clock_monotonic()};
	struct import_request request = {.who = cli_who(), .progress_arg = &progress};
	struct import_report report;
	int code = read_options(cli, argc, argv, &request);

	if (code)
		return code;
	const struct settings *settings = cli_settings(cli);
	request.group_limit = settings->broadcast_group_limit;
	request.telephones = (struct telephone_rules){
		settings->voice_country, settings->voice_trunk, settings->voice_abroad};
	if (isatty(STDERR_FILENO))
		request.progress = show_progress;
	enum import_result result = roster_import(cli_store(cli), &request, &report);
	end_progress(&progress);
	code = finish(cli, &request, &report, result);
	import_report_free(&report);
	return code;
}
