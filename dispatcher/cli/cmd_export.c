#include "dispatcher/cli/command.h"

#include "common/base/mem.h"
#include "common/roster/export.h"
#include "common/store/family.h"
#include "dispatcher/cli/roster_faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

struct exported {
	struct export_request request;
	const char *dir;
	char *made[ROSTER_FILES]; /* paths made from --dir */
};

/* the answer */

static void answer_json(const struct export_request *request, const struct export_report *report)
{
	json_t *answer = json_object();

	for (int i = 0; i < ROSTER_FILES; i++)
		if (request->path[i])
			json_object_set_new(answer, roster_kinds[i].word,
					    json_pack("{s:o, s:I}", "file",
						      cli_json_text(request->path[i]), "rows",
						      (json_int_t)report->rows[i]));
	cli_answer(answer);
}

static void answer(const struct cli *cli, const struct export_request *request,
		   const struct export_report *report)
{
	/* Then the file itself is the answer. */
	if (cli_count_dashes(request->path))
		return;
	if (cli->json) {
		answer_json(request, report);
		return;
	}
	for (int i = 0; i < ROSTER_FILES; i++)
		if (request->path[i])
			printf("%s: %lld rows in %s\n", roster_kinds[i].word,
			       (long long)report->rows[i], request->path[i]);
}

static int finish(struct cli *cli, const struct export_request *request,
		  const struct export_report *report, enum export_result result)
{
	switch (result) {
	case EXPORT_DONE:
		answer(cli, request, report);
		return EX_OK;
	case EXPORT_FAULTS:
		cli_print_faults(cli, &report->faults);
		return cli_fail(cli, EX_DATAERR,
				"%zu cell%s cannot be written as Shift_JIS (CP932); "
				"nothing was written: change them, or use --utf8",
				report->faults.count, report->faults.count == 1 ? "" : "s");
	case EXPORT_UNWRITABLE:
		return cli_fail(cli, EX_CANTCREAT, "%s", buf_text(&report->trouble));
	case EXPORT_STORE:
		break;
	}
	return cli_store_failed(cli, report->status);
}

/* the command */

/* Few organisations have families in it: the others do not get a file of nothing. */
static int leave_out_family(struct cli *cli, const struct exported *e, bool *leave_out)
{
	bool any = true;
	enum store_status status =
		e->request.templates ? STORE_OK : family_any(cli_store(cli), &any);

	*leave_out = !any;
	return status ? cli_store_failed(cli, status) : EX_OK;
}

/* The names of the reference's downloads: user_20261121.csv. */
static void name_files(struct exported *e, bool no_family)
{
	time_t now = time(NULL);
	struct tm local;
	char day[16];

	localtime_r(&now, &local);
	strftime(day, sizeof day, "%Y%m%d", &local);
	for (int i = 0; i < ROSTER_FILES; i++) {
		if (e->request.path[i] || (i == ROSTER_FAMILY && no_family))
			continue;
		e->made[i] = mem_format("%s/%s_%s.csv", e->dir, roster_kinds[i].stem, day);
		e->request.path[i] = e->made[i];
	}
}

static bool names_one_twice(const struct export_request *request)
{
	for (int i = 0; i < ROSTER_FILES; i++)
		for (int j = 0; j < i; j++)
			if (request->path[i] && request->path[j] &&
			    strcmp(request->path[i], request->path[j]) == 0)
				return true;
	return false;
}

static int take_option(struct cli *cli, int c, struct exported *e)
{
	if (c == '?')
		return EX_USAGE;
	if (c == 'u')
		e->request.charset = CHARSET_UTF8;
	else if (c == 'a')
		e->request.as_is = true;
	else if (c == 't')
		e->request.templates = true;
	else if (c == 'd')
		e->dir = optarg;
	else if (e->request.path[c])
		return cli_misused(cli, "--%s is given twice", roster_kinds[c].word);
	else
		e->request.path[c] = optarg;
	return EX_OK;
}

static int read_options(struct cli *cli, int argc, char **argv, struct exported *e)
{
	static const struct option known[] = {
		{"groups", required_argument, NULL, ROSTER_GROUPS},
		{"users", required_argument, NULL, ROSTER_USERS},
		{"patterns", required_argument, NULL, ROSTER_PATTERNS},
		{"contacts", required_argument, NULL, ROSTER_CONTACTS},
		{"family", required_argument, NULL, ROSTER_FAMILY},
		{"dir", required_argument, NULL, 'd'},
		{"utf8", no_argument, NULL, 'u'},
		{"as-is", no_argument, NULL, 'a'},
		{"templates", no_argument, NULL, 't'},
		{NULL, 0, NULL, 0},
	};
	bool any = false, no_family = false;
	int c;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		int code = take_option(cli, c, e);
		if (code)
			return code;
	}
	if (optind < argc)
		return cli_misused(cli,
				   "\"%.60s\" stands alone: say --groups, --users, --patterns, "
				   "--contacts, --family or --dir before it",
				   argv[optind]);
	if (e->dir) {
		int code = leave_out_family(cli, e, &no_family);
		if (code)
			return code;
		name_files(e, no_family);
	}
	for (int i = 0; i < ROSTER_FILES; i++)
		any |= e->request.path[i] != NULL;
	if (!any)
		return cli_misused(cli,
				   "say what to write: --users FILE, ... or --dir DIR for all");
	if (names_one_twice(&e->request))
		return cli_misused(cli, "two files with the same name");
	return EX_OK;
}

/* The folder of --dir is made, not those above it; only its owner may look in. */
static int make_folder(struct cli *cli, const char *dir)
{
	if (!dir || mkdir(dir, 0700) == 0 || errno == EEXIST)
		return EX_OK;
	return cli_fail(cli, EX_CANTCREAT, "%s: %s", dir, strerror(errno));
}

/* Who took everybody's addresses out. */
static enum store_status record(struct cli *cli, const struct export_request *request)
{
	struct buf files = {0};

	for (int i = 0; i < ROSTER_FILES; i++)
		if (request->path[i])
			buf_format(&files, "%s%s", files.length ? " " : "", roster_kinds[i].word);
	enum store_status status = cli_audit(cli, "roster.exported", "roster", buf_text(&files));
	buf_free(&files);
	return status;
}

static int export_all(struct cli *cli, const struct export_request *request)
{
	struct store *store = request->templates ? NULL : cli_store(cli);
	struct export_report report;

	enum export_result result = roster_export(store, request, &report);
	enum store_status status = STORE_OK;
	if (store && result == EXPORT_DONE)
		status = record(cli, request);
	int code = status ? cli_store_failed(cli, status) : finish(cli, request, &report, result);
	export_report_free(&report);
	return code;
}

int cmd_export(struct cli *cli, int argc, char **argv)
{
	struct exported e = {.request.charset = CHARSET_CP932};
	int code = read_options(cli, argc, argv, &e);

	if (code == EX_OK)
		code = make_folder(cli, e.dir);
	if (code == EX_OK)
		code = export_all(cli, &e.request);
	for (int i = 0; i < ROSTER_FILES; i++)
		free(e.made[i]);
	return code;
}
