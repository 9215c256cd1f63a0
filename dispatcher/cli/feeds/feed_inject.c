#include "dispatcher/cli/feeds/feed.h"

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/mem.h"
#include "common/hazard/event.h"
#include "common/queue/poke.h"
#include "dispatcher/cli/feeds/feed_files.h"
#include "dispatcher/cli/feeds/feed_words.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sysexits.h>

/*
 * `tenko feed inject`: puts telegrams into the store as received, for tenko-feed to act on. As a
 * drill, those of one command are one drill that knows nothing of others, of the past or the real
 * thing.
 */

enum { ACT_MS = 3000, LOOK_MS = 20 };

struct injecting {
	struct cli *cli;
	bool drill;
	struct feed_files files;
	int64_t *ids;
	bool *known;
	int64_t first; /* of a drill */
};

/* Refused before anything is stored, rather than in the log of another process. */
static int look_at(struct cli *cli, const struct feed_file *file)
{
	struct events events = {0};
	struct buf reason = {0};
	int code = EX_OK;
	enum hazard_read read = hazard_read(hazard_guess(file->bytes, file->length), file->bytes,
					    file->length, &events, &reason);

	if (read == HAZARD_REFUSED)
		code = cli_fail(cli, EX_DATAERR, "%s: %s. Nothing was injected", file->name,
				buf_text(&reason));
	events_free(&events);
	buf_free(&reason);
	return code;
}

static enum store_status inject_one(struct injecting *in, size_t i)
{
	const struct feed_file *file = &in->files.list[i];
	struct store *store = cli_store(in->cli);
	char digest[DIGEST_TEXT];
	struct telegram t = {
		.source = SOURCE_INJECTED,
		.key = mem_string(digest_name(file->bytes, file->length, digest)),
		.state = TELEGRAM_RECEIVED,
		.by = mem_string(cli_who()),
		/* their order is that of the files */
		.received_at = clock_utc() + (int64_t)i,
		.bytes = mem_copy(file->bytes, file->length),
		.length = file->length,
	};
	if (in->drill) {
		char *own = mem_format("%s at %" PRId64, t.key, t.received_at);
		free(t.key);
		t.key = own;
	}
	enum store_status status = telegram_append(store, &t);

	in->known[i] = status == STORE_CONFLICT;
	if (in->known[i])
		status = telegram_find(store, t.source, t.key, &t.id);
	if (!status && in->drill) {
		if (!in->first)
			in->first = t.id;
		t.drill = in->first;
		status = telegram_settle(store, &t);
	}
	in->ids[i] = t.id;
	telegram_free(&t);
	return status;
}

static enum store_status inject_all(struct injecting *in)
{
	struct store *store = cli_store(in->cli);
	enum store_status status = store_begin(store);
	char *subject;

	for (size_t i = 0; !status && i < in->files.count; i++)
		status = inject_one(in, i);
	subject = mem_format("telegram=%" PRId64, in->files.count ? in->ids[0] : 0);
	if (!status)
		status = store_audit(store, cli_who(), "telegram.injected", subject,
				     in->drill ? "drill" : "");
	free(subject);
	if (!status)
		return store_commit(store);
	store_rollback(store);
	return status;
}

/* Whether tenko-feed has read all of them within a moment. */
static int wait_for_feed(struct injecting *in, bool *settled)
{
	int64_t until = clock_monotonic() + ACT_MS;
	size_t i = 0;

	*settled = false;
	while (i < in->files.count) {
		struct telegram t;
		enum store_status status = telegram_load(cli_store(in->cli), in->ids[i], &t);
		if (status)
			return cli_store_failed(in->cli, status);
		bool waits = t.state == TELEGRAM_RECEIVED;
		telegram_free(&t);
		if (!waits)
			i++;
		else if (clock_monotonic() >= until)
			return EX_OK;
		else
			poll(NULL, 0, LOOK_MS);
	}
	*settled = true;
	return EX_OK;
}

static void answer(const struct injecting *in, bool settled)
{
	json_t *list = json_array();

	for (size_t i = 0; i < in->files.count; i++) {
		if (in->cli->json)
			json_array_append_new(list, json_pack("{s:o, s:I, s:b}", "file",
							      cli_json_text(in->files.list[i].name),
							      "telegram", (json_int_t)in->ids[i],
							      "new", !in->known[i]));
		else
			printf("Telegram %" PRId64 ": %s%s\n", in->ids[i], in->files.list[i].name,
			       in->known[i] ? ", injected before; nothing new is done" : "");
	}
	if (in->cli->json)
		cli_answer(json_pack("{s:O, s:b, s:b}", "telegrams", list, "drill", in->drill,
				     "read", settled));
	else if (in->files.count)
		printf("Next: tenko feed explain %" PRId64 "\n", in->ids[in->files.count - 1]);
	json_decref(list);
}

static int inject(struct injecting *in)
{
	int code = EX_OK;
	bool settled;

	for (size_t i = 0; !code && i < in->files.count; i++)
		code = look_at(in->cli, &in->files.list[i]);
	if (code)
		return code;
	if (in->files.count == 0)
		return cli_fail(in->cli, EX_NOINPUT, "there is no file in that folder");
	in->ids = mem_array(in->files.count, sizeof *in->ids);
	in->known = mem_array(in->files.count, sizeof *in->known);
	enum store_status status = inject_all(in);
	if (status)
		return cli_store_failed(in->cli, status);
	poke_send_to(cli_settings(in->cli), POKED_FEED);
	code = wait_for_feed(in, &settled);
	if (code)
		return code;
	if (!settled)
		cli_say(in->cli, "recorded; tenko-feed has not read it yet, and will when it runs "
				 "(tenkod)");
	answer(in, settled);
	return EX_OK;
}

int feed_inject(struct cli *cli, int argc, char **argv)
{
	static const struct option known[] = {{"drill", no_argument, NULL, 'd'},
					      {NULL, 0, NULL, 0}};
	struct injecting in = {.cli = cli};
	int c, code = EX_OK;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c != 'd')
			return EX_USAGE;
		in.drill = true;
	}
	if (optind == argc)
		code = cli_misused(cli, "feed inject takes the files of telegrams");
	if (!code)
		code = feed_need_areas(cli);
	for (int i = optind; !code && i < argc; i++)
		code = feed_files_add(cli, argv[i], &in.files);
	if (!code)
		code = inject(&in);
	feed_files_free(&in.files);
	free(in.ids);
	free(in.known);
	return code;
}
