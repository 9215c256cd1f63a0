#include "dispatcher/cli/command.h"

#include "common/base/clock.h"
#include "common/store/verify.h"
#include "dispatcher/cli/ledger.h"

#include <inttypes.h>
#include <sysexits.h>

enum { SHOWN_MOST = 1000 };

struct findings {
	bool json;
	int64_t seen;
	json_t *list;
};

static void print_id(const char *name, int64_t id)
{
	if (id)
		printf("%s=%" PRId64 " ", name, id);
}

static void take(const struct difference *d, void *arg)
{
	struct findings *f = arg;

	if (f->seen++ >= SHOWN_MOST)
		return;
	if (f->json) {
		json_array_append_new(
			f->list, json_pack("{s:s, s:I, s:I, s:I, s:o}", "check", d->check,
					   "broadcast", (json_int_t)d->broadcast, "person",
					   (json_int_t)d->person, "attempt", (json_int_t)d->attempt,
					   "detail", cli_json_text(d->detail)));
		return;
	}
	printf("%s: ", d->check);
	print_id("broadcast", d->broadcast);
	print_id("person", d->person);
	print_id("attempt", d->attempt);
	printf("%s\n", d->detail);
}

static void answer_json(const struct verified *v, json_t *list)
{
	cli_answer(json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "sound",
			     v->differences == 0, "broadcasts", (json_int_t)v->broadcasts, "people",
			     (json_int_t)v->people, "family", (json_int_t)v->family, "attempts",
			     (json_int_t)v->attempts, "replies", (json_int_t)v->replies,
			     "unread_replies", (json_int_t)v->unread, "difference_count",
			     (json_int_t)v->differences, "differences", list));
}

static void answer_text(const struct verified *v)
{
	if (v->differences > SHOWN_MOST)
		printf("and %" PRId64 " more\n", v->differences - SHOWN_MOST);
	printf("%" PRId64 " broadcasts, %" PRId64 " people, %" PRId64 " attempts, %" PRId64
	       " replies: ",
	       v->broadcasts, v->people, v->attempts, v->replies);
	if (v->differences)
		printf("%" PRId64 " DIFFERENCES\n", v->differences);
	else
		puts("everything adds up");
	if (v->family)
		printf("%" PRId64 " times a family was told or will be\n", v->family);
	if (v->unread)
		printf("%" PRId64 " replies are recorded and not read by the scheduler yet\n",
		       v->unread);
}

static int verify_records(struct cli *cli)
{
	struct verified verified;
	struct findings findings = {.json = cli->json, .list = json_array()};
	enum store_status status =
		verify_all(cli_store(cli), clock_utc(), cli_settings(cli)->pacing_outage_after,
			   take, &findings, &verified);
	if (!status && cli->json)
		answer_json(&verified, findings.list);
	else if (!status)
		answer_text(&verified);
	json_decref(findings.list);
	if (status)
		return cli_store_failed(cli, status);
	return verified.differences ? EX_DATAERR : EX_OK;
}

/* "--head" alone asks for the head; "--head ID:HASH", also as --head=ID:HASH, names one. */
static int verify_ledger(struct cli *cli, bool check, bool head, const char *kept_text)
{
	struct ledger_head kept;

	if (kept_text && !head)
		return cli_misused(cli, "\"%.60s\" stands alone", kept_text);
	if (kept_text && !ledger_head_read(kept_text, &kept))
		return cli_misused(cli,
				   "\"%.80s\" is no head; it looks like 812:4f5e..., with 64 "
				   "hexadecimal digits, as tenko verify --head printed it",
				   kept_text);
	if (!kept_text && head && !check)
		return ledger_tell_head(cli);
	return ledger_check(cli, kept_text ? &kept : NULL);
}

int cmd_verify(struct cli *cli, int argc, char **argv)
{
	static const struct option known[] = {
		{"ledger", no_argument, NULL, 'l'},
		{"head", optional_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	bool check = false, head = false;
	const char *kept = NULL;
	int c;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		check |= c == 'l';
		head |= c == 'h';
		if (c == 'h' && optarg)
			kept = optarg;
	}
	if (!kept && optind < argc && (check || head))
		kept = argv[optind++];
	if (optind < argc)
		return cli_misused(cli, "\"%.60s\" is a word too many", argv[optind]);
	if (check || head)
		return verify_ledger(cli, check, head, kept);
	return verify_records(cli);
}
