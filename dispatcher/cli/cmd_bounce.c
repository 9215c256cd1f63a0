#include "dispatcher/cli/command.h"

#include "common/bounce/dsn.h"
#include "common/bounce/maildir.h"
#include "common/bounce/take.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* Mail that came back, from a relay's pipe or out of a maildir. */

struct request {
	const char *to, *maildir;
};

static int read_options(const struct cli *cli, int argc, char **argv, struct request *r)
{
	static const struct option known[] = {{"to", required_argument, NULL, 't'},
					      {"maildir", required_argument, NULL, 'm'},
					      {NULL, 0, NULL, 0}};
	int c;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		if (c == 't')
			r->to = optarg;
		else
			r->maildir = optarg;
	}
	if (optind < argc)
		return cli_misused(cli, "reads one message from standard input");
	if (r->to && r->maildir)
		return cli_misused(cli, "--to goes with one message, not with a maildir");
	return EX_OK;
}

static json_t *bounce_json(enum taken taken, const struct bounce *b, const char *said)
{
	static const char *const kinds[] = {[BOUNCE_FAILED] = "failed",
					    [BOUNCE_EXPIRED] = "expired",
					    [BOUNCE_DELAYED] = "delayed"};

	if (taken == TAKEN_IGNORED)
		return json_pack("{s:b, s:s}", "recorded", 0, "said", said);
	return json_pack("{s:b, s:I, s:s, s:s, s:s}", "recorded", taken == TAKEN_NEW, "attempt",
			 (json_int_t)b->attempt, "kind", kinds[b->kind], "status", b->status,
			 "said", said);
}

/*
 * The exit code is the relay's: EX_DATAERR has it hand the message to its postmaster, EX_TEMPFAIL
 * try again later.
 */
static int take_message(struct cli *cli, const struct taking *t)
{
	struct buf text = {0}, said = {0};
	enum taken taken;
	struct bounce bounce = {0};
	int code = EX_OK;

	if (!bounce_message_read(STDIN_FILENO, &text)) {
		code = cli_fail(cli, EX_IOERR, "standard input: %s", strerror(errno));
		buf_free(&text);
		return code;
	}
	enum store_status status = bounce_take(t, text.data, text.length, &taken, &bounce, &said);
	if (status)
		code = cli_store_failed(cli, status);
	else if (taken == TAKEN_REFUSED)
		code = cli_fail(cli, EX_DATAERR, "%s", buf_text(&said));
	else if (cli->json)
		cli_answer(bounce_json(taken, &bounce, buf_text(&said)));
	else
		puts(buf_text(&said));
	if (!code && taken == TAKEN_NEW)
		cli_poke(cli);
	buf_free(&text);
	buf_free(&said);
	return code;
}

static void say_file(enum taken taken, const char *name, const char *said, void *arg)
{
	struct cli *cli = arg;

	if (taken == TAKEN_REFUSED)
		cli_say(cli, "%s: %s", name, said);
}

static int take_maildir(struct cli *cli, const struct taking *t, const char *dir)
{
	struct maildir_pass pass;
	struct buf fault = {0};
	enum store_status status;
	int code = EX_OK;

	if (!maildir_read(dir, t, say_file, cli, &pass, &status, &fault))
		code = status ? cli_store_failed(cli, status)
			      : cli_fail(cli, EX_NOINPUT, "%s", buf_text(&fault));
	else if (cli->json)
		cli_answer(json_pack("{s:I, s:I, s:I, s:I}", "recorded", (json_int_t)pass.recorded,
				     "again", (json_int_t)pass.again, "ignored",
				     (json_int_t)pass.ignored, "refused",
				     (json_int_t)pass.refused));
	else
		printf("%zu recorded, %zu known before, %zu ignored, %zu refused\n", pass.recorded,
		       pass.again, pass.ignored, pass.refused);
	if (pass.recorded)
		cli_poke(cli);
	buf_free(&fault);
	return code;
}

int cmd_bounce(struct cli *cli, int argc, char **argv)
{
	struct request request = {0};
	struct buf fault = {0};
	int code = read_options(cli, argc, argv, &request);

	if (code)
		return code;
	struct taking taking = {
		.settings = cli_settings(cli), .store = cli_store(cli), .to = request.to};
	char *path = settings_path(taking.settings, "secret.key");
	struct token_keys *keys = token_keys_load(path, &fault);
	taking.keys = keys;
	if (!keys)
		code = cli_fail(cli, EX_NOPERM, "%s", buf_text(&fault));
	else if (request.maildir)
		code = take_maildir(cli, &taking, request.maildir);
	else
		code = take_message(cli, &taking);
	token_keys_free(keys);
	free(path);
	buf_free(&fault);
	return code;
}
