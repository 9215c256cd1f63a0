#include "dispatcher/cli/doctor/config_check.h"

#include "dispatcher/cli/command.h"

#include "common/auth/accounts.h"
#include "common/base/mem.h"
#include "common/base/vocabulary.h"
#include "common/conf/transport.h"
#include "common/text/question.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* check */

static void fault(struct buf *faults, const char *file, const char *key, const char *what)
{
	buf_format(faults, "%s: %s: %s\n", file, key, what);
}

static bool is_url(const char *text)
{
	size_t scheme = strncmp(text, "https://", 8) == 0 ? 8 : 7;

	return (scheme == 8 || strncmp(text, "http://", 7) == 0) && text[scheme] &&
	       text[scheme] != '/' && !strpbrk(text, " \"<>?#");
}

static void check_question(const struct settings *s, const char *file, struct buf *faults)
{
	struct question question;
	struct buf what = {0};

	if (question_from_settings(s->reply_choices, s->reply_items, &question, &what))
		question_free(&question);
	else
		buf_format(faults, "%s: reply.%s\n", file, buf_text(&what));
	buf_free(&what);
}

static void check_voice(const struct settings *s, const char *file, struct buf *faults)
{
	struct accounts accounts;
	struct buf what = {0};

	if (!accounts_read(s->voice_accounts, &accounts, &what)) {
		buf_format(faults, "%s: %s\n", file, buf_text(&what));
		buf_free(&what);
		return;
	}
	if (!accounts.count && channels_by_names(s->broadcast_channels) & 1u << CHANNEL_VOICE)
		fault(faults, file, "voice.accounts",
		      "empty, but broadcast.channels names voice: nobody could be called");
	accounts_free(&accounts);
}

static void check_template_dir(const struct settings *s, const char *file, struct buf *faults)
{
	const char *dir = s->broadcast_template_dir;

	if (*dir && access(dir, R_OK | X_OK))
		fault(faults, file, "broadcast.template_dir", strerror(errno));
}

void config_check_values(const struct settings *s, const char *file, struct buf *faults)
{
	static const char url[] = "expected http://host or https://host";

	if (!channels_by_names(s->broadcast_channels))
		fault(faults, file, "broadcast.channels", "expected mail, voice, push, by comma");
	if (!is_url(s->reply_base_url))
		fault(faults, file, "reply.base_url", url);
	if (*s->reply_inside_url && !is_url(s->reply_inside_url))
		fault(faults, file, "reply.inside_url", url);
	if (*s->tenko_data_dir != '/')
		fault(faults, file, "tenko.data_dir", "expected a path from the root (/...)");
	if (!strchr(s->mail_from_address, '@'))
		fault(faults, file, "mail.from_address", "expected an address (user@domain)");
	if (*s->mail_return_address && !strchr(s->mail_return_address, '@'))
		fault(faults, file, "mail.return_address", "expected an address (user@domain)");
	if (*s->mail_bounce_maildir && *s->mail_bounce_maildir != '/')
		fault(faults, file, "mail.bounce_maildir", "expected a path from the root (/...)");
	if (s->pacing_outage_backoff > s->pacing_outage_backoff_most)
		fault(faults, file, "pacing.outage_backoff", "longer than outage_backoff_most");
	check_question(s, file, faults);
	check_template_dir(s, file, faults);
	check_voice(s, file, faults);
}

static json_t *lines_json(const char *lines)
{
	json_t *list = json_array();

	while (*lines) {
		size_t length = strcspn(lines, "\n");
		char *line = mem_copy(lines, length);
		json_array_append_new(list, cli_json_text(line));
		free(line);
		lines += length + (lines[length] == '\n');
	}
	return list;
}

static void answer_check(const struct cli *cli, const char *file, const struct buf *faults,
			 const struct buf *warnings)
{
	bool sound = faults->length == 0;

	if (cli->json)
		cli_answer(json_pack("{s:o, s:b, s:o, s:o}", "file", cli_json_text(file), "sound",
				     sound, "faults", lines_json(buf_text(faults)), "warnings",
				     lines_json(buf_text(warnings))));
	else if (sound)
		printf("%s: sound\n", file);
	else
		fputs(buf_text(faults), stderr);
	if (!cli->json)
		fputs(buf_text(warnings), stderr);
}

static int check(struct cli *cli, int argc, char **argv)
{
	const char *file = argc > 1 ? argv[1] : settings_file(cli->config);
	struct buf faults = {0}, warnings = {0};

	if (argc > 2)
		return cli_misused(cli, "check takes one file");
	struct settings *s = settings_read(file, &faults);
	if (!file)
		file = "built-in settings (there is no file)";
	if (s) {
		config_check_values(s, file, &faults);
		transport_warnings(s, &warnings);
	}
	answer_check(cli, file, &faults, &warnings);
	int code = faults.length ? EX_CONFIG : EX_OK;
	settings_free(s);
	buf_free(&faults);
	buf_free(&warnings);
	return code;
}

/* dump */

static void add_view(const struct setting_view *v, void *list)
{
	json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:b, s:s}", "section",
					      v->section, "key", v->key, "type", v->type, "value",
					      cli_json_text(v->value), "default",
					      cli_json_text(v->standard), "reloadable",
					      v->reloadable, "secret", v->secret, "doc", v->doc));
}

static void dump_settings(const struct cli *cli, const struct settings *s, unsigned how)
{
	struct buf out = {0};

	if (cli->json) {
		json_t *list = json_array();
		settings_each(s, how, add_view, list);
		cli_answer(json_pack("{s:o?, s:o}", "file", s->file ? cli_json_text(s->file) : NULL,
				     "settings", list));
		return;
	}
	settings_dump(s, how, &out);
	fputs(buf_text(&out), stdout);
	buf_free(&out);
}

static int dump(struct cli *cli, int argc, char **argv)
{
	static const struct option known[] = {
		{"defaults", no_argument, NULL, 'd'},
		{"docs", no_argument, NULL, 'o'},
		{"secrets", no_argument, NULL, 's'},
		{NULL, 0, NULL, 0},
	};
	bool defaults = false;
	unsigned how = 0;
	int c;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		defaults |= c == 'd';
		how |= c == 'o' ? SETTINGS_DOCUMENTED : 0;
		how |= c == 's' ? SETTINGS_SECRETS : 0;
	}
	if (optind < argc)
		return cli_misused(cli, "dump takes no words");
	if (!defaults) {
		dump_settings(cli, cli_settings(cli), how);
		return EX_OK;
	}
	struct buf none = {0};
	struct settings *s = settings_read(NULL, &none);
	dump_settings(cli, s, how);
	settings_free(s);
	return EX_OK;
}

int cmd_config(struct cli *cli, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "check") == 0)
		return check(cli, argc - 1, argv + 1);
	if (strcmp(verb, "dump") == 0)
		return dump(cli, argc - 1, argv + 1);
	return cli_misused(cli, "say check or dump");
}
