#include "dispatcher/cli/message.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/conf/datadir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { FILE_MOST = BODY_MOST * 4 + TITLE_MOST * 4 + 16 }; /* bytes that can be of any use */

/* files */

static int read_stream(const struct cli *cli, FILE *in, const char *name, struct buf *text)
{
	char block[4096];
	size_t got;

	while (text->length <= FILE_MOST && (got = fread(block, 1, sizeof block, in)) > 0)
		buf_add(text, block, got);
	if (ferror(in))
		return cli_fail(cli, EX_NOINPUT, "%s cannot be read: %s", name, strerror(errno));
	if (text->length > FILE_MOST)
		return cli_fail(cli, EX_DATAERR,
				"%s is larger than a message can be: %d characters "
				"at most",
				name, BODY_MOST);
	return EX_OK;
}

static int read_file(const struct cli *cli, const char *name, struct buf *text)
{
	FILE *in = fopen(name, "re");

	if (!in)
		return cli_fail(cli, EX_NOINPUT, "%s cannot be read: %s", name, strerror(errno));
	int code = read_stream(cli, in, name, text);
	fclose(in);
	return code;
}

/* CR LF and CR become LF, a byte order mark goes, line breaks at the end too. */
static void normalise(struct buf *text)
{
	const char *p = buf_text(text);
	struct buf out = {0};

	if (strncmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	for (; *p; p++) {
		if (*p != '\r')
			buf_char(&out, *p);
		else if (p[1] != '\n')
			buf_char(&out, '\n');
	}
	while (out.length && strchr("\n ", out.data[out.length - 1]))
		out.data[--out.length] = '\0';
	buf_free(text);
	*text = out;
}

/* The number of the line that holds the first byte that is not sound UTF-8; 0: all are. */
static size_t broken_line(const struct buf *text)
{
	const char *p = buf_text(text), *end = p + text->length;
	size_t line = 1;

	while (p < end) {
		uint32_t character;
		size_t length = utf8_decode(p, (size_t)(end - p), &character);
		if (length == 0 || character == 0)
			return line;
		line += character == '\n';
		p += length;
	}
	return 0;
}

static int check_body(const struct cli *cli, const char *name, struct buf *text)
{
	size_t line = broken_line(text);

	if (line)
		return cli_fail(cli, EX_DATAERR, "%s:%zu: not UTF-8; save it as UTF-8", name, line);
	normalise(text);
	if (utf8_has_controls(buf_text(text), true))
		return cli_fail(cli, EX_DATAERR,
				"%s: control characters in it; plain text is needed", name);
	return EX_OK;
}

static int check_body_length(const struct cli *cli, const char *name, const char *body)
{
	size_t length = utf8_count(body);

	if (length <= BODY_MOST)
		return EX_OK;
	return cli_fail(cli, EX_DATAERR, "%s: the body has %zu characters, %d at most", name,
			length, BODY_MOST);
}

static int read_body(const struct cli *cli, const char *name, char **body)
{
	bool standard = strcmp(name, "-") == 0;
	const char *shown = standard ? "standard input" : name;
	struct buf text = {0};
	int code = standard ? read_stream(cli, stdin, shown, &text) : read_file(cli, name, &text);

	if (!code)
		code = check_body(cli, shown, &text);
	if (!code)
		code = check_body_length(cli, shown, buf_text(&text));
	free(*body);
	*body = buf_take(&text);
	return code;
}

/* titles */

static int check_title(const struct cli *cli, const char *from, const char *title)
{
	if (!utf8_valid(title, strlen(title)))
		return cli_fail(cli, EX_DATAERR, "%s: not UTF-8", from);
	if (utf8_has_controls(title, false))
		return cli_fail(cli, EX_DATAERR, "%s: control characters or line breaks in it",
				from);
	if (utf8_count(title) > TITLE_MOST)
		return cli_fail(cli, EX_DATAERR, "%s: %zu characters, %d at most", from,
				utf8_count(title), TITLE_MOST);
	if (title[strspn(title, " ")] == '\0')
		return cli_fail(cli, EX_DATAERR, "%s: empty", from);
	return EX_OK;
}

static int take_title(const struct cli *cli, const char *from, const char *title, char **to)
{
	int code = check_title(cli, from, title);

	free(*to);
	*to = mem_string(code ? "" : title);
	return code;
}

/* templates: first line the title, an empty line, the rest the body */

static int take_template(const struct cli *cli, const char *file, struct buf *text,
			 struct message *m, int language)
{
	int code = check_body(cli, file, text);

	if (code)
		return code;
	char *title = mem_string(buf_text(text));
	char *body = title + strcspn(title, "\n");
	while (*body == '\n')
		*body++ = '\0';
	code = take_title(cli, file, title, &m->title[language]);
	if (!code)
		code = check_body_length(cli, file, body);
	free(m->body[language]);
	m->body[language] = mem_string(body);
	free(title);
	return code;
}

static char *template_path(const struct settings *settings, const char *name, int language)
{
	char *file = mem_format("%s.%s.txt", name, language_name((enum language)language));
	char *shipped = mem_format("templates/%s", file);
	char *path = *settings->broadcast_template_dir
			     ? mem_format("%s/%s", settings->broadcast_template_dir, file)
			     : datadir_path(shipped);

	free(file);
	free(shipped);
	return path;
}

static bool is_template_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_-");
	return length > 0 && length <= 64 && !name[length];
}

static int read_template(const struct cli *cli, const struct settings *settings, const char *name,
			 int language, struct message *m)
{
	char *path = template_path(settings, name, language);
	struct buf text = {0};
	int code = EX_OK;
	FILE *in = fopen(path, "re");

	if (in) {
		code = read_stream(cli, in, path, &text);
		fclose(in);
		if (!code)
			code = take_template(cli, path, &text, m, language);
	} else if (language == LANGUAGE_JA || errno != ENOENT) {
		code = cli_fail(cli, EX_NOINPUT, "no template \"%s\": %s: %s", name, path,
				strerror(errno));
	}
	buf_free(&text);
	free(path);
	return code;
}

static int read_templates(struct cli *cli, const char *name, struct message *m)
{
	const struct settings *settings = cli_settings(cli);
	int code = EX_OK;

	if (!is_template_name(name))
		return cli_fail(cli, EX_USAGE,
				"--template takes a name such as earthquake, not a path");
	for (int language = 0; !code && language < LANGUAGES; language++)
		code = read_template(cli, settings, name, language, m);
	return code;
}

/* all of it */

/* Nobody shall take a drill for the real thing, in whatever language they read it. */
static void mark_drill(struct message *m)
{
	static const char *const marks[LANGUAGES] = {"【訓練】", "[Drill] "};

	if (!*m->title[LANGUAGE_EN]) {
		free(m->title[LANGUAGE_EN]);
		m->title[LANGUAGE_EN] = mem_string(m->title[LANGUAGE_JA]);
	}
	for (int i = 0; i < LANGUAGES; i++) {
		char *title = mem_format("%s%s", marks[i], m->title[i]);
		free(m->title[i]);
		m->title[i] = title;
	}
}

static int read_parts(struct cli *cli, const struct message_source *source, struct message *m)
{
	static const char *const options[LANGUAGES] = {"--title", "--title-en"};
	int code = source->template ? read_templates(cli, source->template, m) : EX_OK;

	for (int i = 0; !code && i < LANGUAGES; i++) {
		if (source->title[i])
			code = take_title(cli, options[i], source->title[i], &m->title[i]);
		if (!code && source->body[i])
			code = read_body(cli, source->body[i], &m->body[i]);
	}
	return code;
}

int message_read(struct cli *cli, const struct message_source *source, enum kind kind,
		 struct message *m)
{
	for (int i = 0; i < LANGUAGES; i++) {
		m->title[i] = mem_string("");
		m->body[i] = mem_string("");
	}
	if (!source->title[LANGUAGE_JA] && !source->template)
		return cli_misused(cli, "--title or --template is needed");
	int code = read_parts(cli, source, m);
	if (!code && kind == KIND_DRILL)
		mark_drill(m);
	return code;
}
