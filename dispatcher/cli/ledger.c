#include "dispatcher/cli/ledger.h"

#include "common/store/ledger_verify.h"
#include "dispatcher/cli/progress.h"

#include <inttypes.h>
#include <sysexits.h>

enum { SHOWN_MOST = 1000 };

struct findings {
	struct progress progress;
	bool json;
	int64_t seen;
	json_t *list;
};

int ledger_tell_head(struct cli *cli)
{
	struct ledger_head head;
	char text[LEDGER_HEAD_TEXT];
	enum store_status status = ledger_head(cli_store(cli), &head);

	if (status)
		return cli_store_failed(cli, status);
	ledger_head_text(&head, text);
	if (cli->json)
		cli_answer(json_pack("{s:I, s:s}", "audit", (json_int_t)head.id, "head", text));
	else
		puts(text);
	return EX_OK;
}

static void take(const struct ledger_fault *fault, void *arg)
{
	struct findings *f = arg;

	if (f->seen++ >= SHOWN_MOST)
		return;
	if (f->json)
		json_array_append_new(f->list,
				      json_pack("{s:I, s:o}", "audit", (json_int_t)fault->audit,
						"detail", cli_json_text(fault->detail)));
	else if (fault->audit)
		printf("audit=%" PRId64 ": %s\n", fault->audit, fault->detail);
	else
		printf("%s\n", fault->detail);
}

static void tell_progress(int64_t done, int64_t of, void *arg)
{
	struct findings *f = arg;

	progress_tell(done, of, &f->progress);
}

static void answer(const struct cli *cli, const struct ledger_head *kept,
		   const struct ledger_verified *v, json_t *list)
{
	char head[LEDGER_HEAD_TEXT];

	ledger_head_text(&v->head, head);
	if (cli->json) {
		cli_answer(json_pack("{s:b, s:I, s:I, s:s, s:I, s:O}", "sound", v->faults == 0,
				     "rows", (json_int_t)v->rows, "told", (json_int_t)v->told,
				     "head", head, "difference_count", (json_int_t)v->faults,
				     "differences", list));
		return;
	}
	if (v->faults > SHOWN_MOST)
		printf("and %" PRId64 " more\n", v->faults - SHOWN_MOST);
	printf("%" PRId64 " rows of the ledger, %" PRId64 " tell of another row: ", v->rows,
	       v->told);
	if (v->faults)
		printf("%" PRId64 " DIFFERENCES\n", v->faults);
	else
		puts("everything fits");
	if (kept && !v->faults)
		printf("The head that was kept, audit=%" PRId64 ", is part of it\n", kept->id);
	printf("Head: %s\n", head);
}

int ledger_check(struct cli *cli, const struct ledger_head *kept)
{
	struct ledger_verified verified;
	struct findings findings = {
		.json = cli->json,
		.list = json_array(),
		.progress = progress_begin(cli, "rows of the ledger"),
	};
	const struct ledger_watcher watcher = {
		.see = take, .progress = tell_progress, .arg = &findings};
	enum store_status status = ledger_verify(cli_store(cli), kept, &watcher, &verified);

	if (!status)
		answer(cli, kept, &verified, findings.list);
	json_decref(findings.list);
	if (status)
		return cli_store_failed(cli, status);
	return verified.faults ? EX_DATAERR : EX_OK;
}
