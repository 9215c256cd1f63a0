#include "common/text/message.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/conf/datadir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = BODY_MOST * 4 + TITLE_MOST * 4 + 16 }; /* bytes that can be of any use */

void message_begin(struct message *m)
{
	for (int i = 0; i < LANGUAGES; i++) {
		m->title[i] = mem_string("");
		m->body[i] = mem_string("");
	}
}

void message_free(struct message *m)
{
	for (int i = 0; i < LANGUAGES; i++) {
		free(m->title[i]);
		free(m->body[i]);
	}
	*m = (struct message){0};
}

static void replace(char **text, const char *by)
{
	char *fresh = mem_string(by);

	free(*text);
	*text = fresh;
}

/* files */

static enum message_status read_stream(FILE *in, const char *name, struct buf *text,
				       struct buf *fault)
{
	char block[4096];
	size_t got;

	while (text->length <= FILE_MOST && (got = fread(block, 1, sizeof block, in)) > 0)
		buf_add(text, block, got);
	if (ferror(in)) {
		buf_format(fault, "%s cannot be read: %s", name, strerror(errno));
		return MESSAGE_UNREADABLE;
	}
	if (text->length <= FILE_MOST)
		return MESSAGE_GOOD;
	buf_format(fault, "%s is larger than a message can be: %d characters at most", name,
		   BODY_MOST);
	return MESSAGE_FAULTY;
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

static enum message_status check_text(const char *name, struct buf *text, struct buf *fault)
{
	size_t line = broken_line(text);

	if (line) {
		buf_format(fault, "%s:%zu: not UTF-8; save it as UTF-8", name, line);
		return MESSAGE_FAULTY;
	}
	normalise(text);
	if (!utf8_has_controls(buf_text(text), true))
		return MESSAGE_GOOD;
	buf_format(fault, "%s: control characters in it; plain text is needed", name);
	return MESSAGE_FAULTY;
}

static enum message_status set_body(struct message *m, enum language language, const char *name,
				    const char *body, struct buf *fault)
{
	size_t length = utf8_count(body);

	if (length > BODY_MOST) {
		buf_format(fault, "%s: the body has %zu characters, %d at most", name, length,
			   BODY_MOST);
		return MESSAGE_FAULTY;
	}
	replace(&m->body[language], body);
	return MESSAGE_GOOD;
}

enum message_status message_read_body(struct message *m, enum language language, FILE *in,
				      const char *name, struct buf *fault)
{
	struct buf text = {0};
	enum message_status status = read_stream(in, name, &text, fault);

	if (status == MESSAGE_GOOD)
		status = check_text(name, &text, fault);
	if (status == MESSAGE_GOOD)
		status = set_body(m, language, name, buf_text(&text), fault);
	buf_free(&text);
	return status;
}

/* titles */

static bool is_title(const char *from, const char *title, struct buf *fault)
{
	size_t before = fault->length;

	if (!utf8_valid(title, strlen(title)))
		buf_format(fault, "%s: not UTF-8", from);
	else if (utf8_has_controls(title, false))
		buf_format(fault, "%s: control characters or line breaks in it", from);
	else if (utf8_count(title) > TITLE_MOST)
		buf_format(fault, "%s: %zu characters, %d at most", from, utf8_count(title),
			   TITLE_MOST);
	else if (title[strspn(title, " ")] == '\0')
		buf_format(fault, "%s: empty", from);
	return fault->length == before;
}

enum message_status message_set_title(struct message *m, enum language language, const char *from,
				      const char *title, struct buf *fault)
{
	if (!is_title(from, title, fault))
		return MESSAGE_FAULTY;
	replace(&m->title[language], title);
	return MESSAGE_GOOD;
}

void message_mark_drill(struct message *m)
{
	static const char *const marks[LANGUAGES] = {"【訓練】", "[Drill] "};

	if (!*m->title[LANGUAGE_EN])
		replace(&m->title[LANGUAGE_EN], m->title[LANGUAGE_JA]);
	for (int i = 0; i < LANGUAGES; i++) {
		char *title = mem_format("%s%s", marks[i], m->title[i]);
		free(m->title[i]);
		m->title[i] = title;
	}
}

/* templates */

bool is_template_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_-");
	return length > 0 && length <= 64 && !name[length];
}

static char *template_path(const char *folder, const char *name, enum language language)
{
	char *file = mem_format("%s.%s.txt", name, language_name(language));
	char *shipped = mem_format("templates/%s", file);
	char *path = *folder ? mem_format("%s/%s", folder, file) : datadir_path(shipped);

	free(file);
	free(shipped);
	return path;
}

/* Parts a file's text, which it changes, into title and body. */
static enum message_status take_parts(struct template *t, enum language language, char *text,
				      struct buf *fault)
{
	const char *file = t->file[language];
	char *body = text + strcspn(text, "\n");

	t->body_line[language] = 1;
	while (*body == '\n') {
		*body++ = '\0';
		t->body_line[language]++;
	}
	enum message_status status = message_set_title(&t->text, language, file, text, fault);
	if (status == MESSAGE_GOOD)
		status = set_body(&t->text, language, file, body, fault);
	return status;
}

static enum message_status read_parts(struct template *t, enum language language, FILE *in,
				      struct buf *fault)
{
	struct buf text = {0};
	enum message_status status = read_stream(in, t->file[language], &text, fault);

	if (status == MESSAGE_GOOD)
		status = check_text(t->file[language], &text, fault);
	char *whole = buf_take(&text);
	if (status == MESSAGE_GOOD)
		status = take_parts(t, language, whole, fault);
	free(whole);
	return status;
}

static enum message_status read_language(const char *folder, const char *name,
					 enum language language, struct template *t,
					 struct buf *fault)
{
	char *path = template_path(folder, name, language);
	FILE *in = fopen(path, "re");

	if (in) {
		t->file[language] = path;
		enum message_status status = read_parts(t, language, in, fault);
		fclose(in);
		return status;
	}
	bool optional = language != LANGUAGE_JA && errno == ENOENT;
	if (!optional)
		buf_format(fault, "no template \"%s\": %s: %s", name, path, strerror(errno));
	free(path);
	return optional ? MESSAGE_GOOD : MESSAGE_UNREADABLE;
}

enum message_status template_read(const char *folder, const char *name, struct template *t,
				  struct buf *fault)
{
	enum message_status status = MESSAGE_GOOD;

	*t = (struct template){0};
	message_begin(&t->text);
	for (int i = 0; status == MESSAGE_GOOD && i < LANGUAGES; i++)
		status = read_language(folder, name, (enum language)i, t, fault);
	return status;
}

void template_free(struct template *t)
{
	message_free(&t->text);
	for (int i = 0; i < LANGUAGES; i++)
		free(t->file[i]);
	*t = (struct template){0};
}
