#include "dispatcher/cli/message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* The exit code; says what was wrong. */
static int report(const struct cli *cli, enum message_status status, struct buf *fault)
{
	int code = EX_OK;

	if (status != MESSAGE_GOOD)
		code = cli_fail(cli, status == MESSAGE_UNREADABLE ? EX_NOINPUT : EX_DATAERR, "%s",
				buf_text(fault));
	buf_free(fault);
	return code;
}

static int read_body(const struct cli *cli, const char *name, enum language language,
		     struct message *m)
{
	bool standard = strcmp(name, "-") == 0;
	FILE *in = standard ? stdin : fopen(name, "re");
	struct buf fault = {0};

	if (!in)
		return cli_fail(cli, EX_NOINPUT, "%s cannot be read: %s", name, strerror(errno));
	enum message_status status =
		message_read_body(m, language, in, standard ? "standard input" : name, &fault);
	if (!standard)
		fclose(in);
	return report(cli, status, &fault);
}

static int take_title(const struct cli *cli, const char *title, enum language language,
		      struct message *m)
{
	static const char *const options[LANGUAGES] = {"--title", "--title-en"};
	struct buf fault = {0};

	return report(cli, message_set_title(m, language, options[language], title, &fault),
		      &fault);
}

/* Takes the place of what `m` says. */
static int read_template(struct cli *cli, const char *name, struct message *m)
{
	const struct settings *settings = cli_settings(cli);
	struct template template;
	struct buf fault = {0};

	if (!is_template_name(name))
		return cli_fail(cli, EX_USAGE,
				"--template takes a name such as earthquake, not a path");
	enum message_status status =
		template_read(settings->broadcast_template_dir, name, &template, &fault);
	message_free(m);
	*m = template.text;
	template.text = (struct message){0};
	template_free(&template);
	return report(cli, status, &fault);
}

static int read_parts(struct cli *cli, const struct message_source *source, struct message *m)
{
	int code = source->template ? read_template(cli, source->template, m) : EX_OK;

	for (int i = 0; !code && i < LANGUAGES; i++) {
		enum language language = (enum language)i;
		if (source->title[i])
			code = take_title(cli, source->title[i], language, m);
		if (!code && source->body[i])
			code = read_body(cli, source->body[i], language, m);
	}
	return code;
}

int message_read(struct cli *cli, const struct message_source *source, enum kind kind,
		 struct message *m)
{
	message_begin(m);
	if (!source->title[LANGUAGE_JA] && !source->template)
		return cli_misused(cli, "--title or --template is needed");
	int code = read_parts(cli, source, m);
	if (!code && kind == KIND_DRILL)
		message_mark_drill(m);
	return code;
}
