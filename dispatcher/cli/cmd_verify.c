#include "dispatcher/cli/command.h"

#include "common/base/clock.h"
#include "common/store/verify.h"

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

int cmd_verify(struct cli *cli, int argc, char **argv)
{
	static const struct option known[] = {{NULL, 0, NULL, 0}};
	struct verified verified;

	if (cli_option(cli, argc, argv, known) != -1)
		return EX_USAGE;
	if (optind < argc)
		return cli_misused(cli, "takes no words");
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
