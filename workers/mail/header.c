#include "workers/mail/header.h"

#include "common/base/utf8.h"
#include "workers/mail/base64.h"

#include <string.h>

enum {
	LINE_MOST = 76,  /* with an encoded word in it */
	WORD_MOST = 75,  /* an encoded word */
	PLAIN_MOST = 60, /* longer ASCII is encoded too: that way it can be folded */
};

static const char word_start[] = "=?UTF-8?B?", word_end[] = "?=";

bool header_value_is_sound(const char *value)
{
	return utf8_valid(value, strlen(value)) && !utf8_has_controls(value, false);
}

/* Plain text must not look like an encoded word, nor lose blanks at its ends. */
static bool is_plain(const char *value)
{
	size_t length = strlen(value);

	if (length == 0 || length > PLAIN_MOST || strstr(value, "=?"))
		return false;
	for (size_t i = 0; i < length; i++)
		if (value[i] & 0x80)
			return false;
	return value[0] != ' ' && value[length - 1] != ' ';
}

/* Bytes of `text`, whole characters only, whose base64 takes at most `columns`. */
static size_t bytes_that_fit(const char *text, size_t columns)
{
	size_t most = columns / 4 * 3, length = strlen(text);

	if (length <= most)
		return length;
	while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	return most;
}

/* `column`: how far the line has got. */
static void add_encoded_words(struct buf *out, const char *text, size_t column)
{
	const size_t around = sizeof word_start - 1 + sizeof word_end - 1;

	while (*text) {
		size_t room = LINE_MOST - column < WORD_MOST ? LINE_MOST - column : WORD_MOST;
		size_t size = bytes_that_fit(text, room - around);
		char word[WORD_MOST];
		char *end = base64_put(word, text, size);
		buf_text_add(out, word_start);
		buf_add(out, word, (size_t)(end - word));
		buf_text_add(out, word_end);
		text += size;
		if (*text)
			buf_text_add(out, "\r\n ");
		column = 1;
	}
}

static void add_name(struct buf *out, const char *name)
{
	buf_text_add(out, name);
	buf_add(out, ": ", 2);
}

void header_text(struct buf *out, const char *name, const char *value)
{
	add_name(out, name);
	if (is_plain(value))
		buf_text_add(out, value);
	else
		add_encoded_words(out, value, strlen(name) + 2);
	buf_text_add(out, "\r\n");
}

static void add_quoted(struct buf *out, const char *phrase)
{
	buf_char(out, '"');
	for (; *phrase; phrase++) {
		if (*phrase == '"' || *phrase == '\\')
			buf_char(out, '\\');
		buf_char(out, *phrase);
	}
	buf_char(out, '"');
}

void header_mailbox(struct buf *out, const char *name, const char *phrase, const char *address)
{
	add_name(out, name);
	if (is_plain(phrase))
		add_quoted(out, phrase);
	else
		add_encoded_words(out, phrase, strlen(name) + 2);
	buf_text_add(out, *phrase ? "\r\n <" : "<");
	buf_text_add(out, address);
	buf_text_add(out, ">\r\n");
}
