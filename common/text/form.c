#include "common/text/form.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Undoes the encoding of one name or value; *size is what is left of `length`. */
static enum form_fault decode_bytes(const char *bytes, size_t length, char *text, size_t *size)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		char c = bytes[i];
		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < length ? hex_digit(bytes[i + 1]) : -1;
			int low = i + 2 < length ? hex_digit(bytes[i + 2]) : -1;
			if (high < 0 || low < 0)
				return FORM_BROKEN;
			c = (char)(high << 4 | low);
			i += 2;
		} else if ((unsigned char)c < 0x20 || c == 0x7f) {
			return FORM_BROKEN;
		}
		text[n++] = c;
	}
	text[n] = '\0';
	*size = n;
	return utf8_valid(text, n) ? FORM_SOUND : FORM_NOT_UTF8;
}

/* Browsers send CR LF for a new line; a lone CR is one, too. */
static void normalise_lines(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '\r' && from[1] == '\n')
			continue;
		*to++ = *from == '\r' ? '\n' : *from;
	}
	*to = '\0';
}

static enum form_fault decode_text(const char *bytes, size_t length, char **text)
{
	size_t size = 0;

	*text = mem_alloc(length + 1);
	return decode_bytes(bytes, length, *text, &size);
}

/* What a browser sends beyond any form: no name twice, lines as people mean them. */
static enum form_fault settle_last(struct form *form)
{
	size_t last = form->count - 1;

	for (size_t i = 0; i < last; i++)
		if (strcmp(form->field[i].name, form->field[last].name) == 0)
			return FORM_TWICE;
	normalise_lines(form->field[last].name);
	normalise_lines(form->field[last].value);
	return FORM_SOUND;
}

/* One "name=value"; the form takes it, sound or not. */
static enum form_fault decode_field(const char *bytes, size_t length, struct form *form)
{
	const char *equals = memchr(bytes, '=', length);
	size_t name = equals ? (size_t)(equals - bytes) : length;
	size_t value = equals ? length - name - 1 : 0;

	if (name == 0)
		return FORM_BROKEN;
	if (form->count == FORM_FIELDS)
		return FORM_TOO_MANY;
	size_t at = form->count++;
	enum form_fault fault = decode_text(bytes, name, &form->field[at].name);
	if (!fault)
		fault = decode_text(equals ? equals + 1 : "", value, &form->field[at].value);
	return fault;
}

static enum form_fault decode(const char *bytes, size_t length, bool browser, struct form *form)
{
	enum form_fault fault = FORM_SOUND;
	const char *end = bytes + length;

	*form = (struct form){0};
	while (bytes && length && !fault) {
		const char *mark = memchr(bytes, '&', (size_t)(end - bytes));
		fault = decode_field(bytes, (size_t)((mark ? mark : end) - bytes), form);
		if (!fault && browser)
			fault = settle_last(form);
		bytes = mark ? mark + 1 : NULL;
	}
	if (fault)
		form_free(form);
	return fault;
}

enum form_fault form_decode(const char *bytes, size_t length, struct form *form)
{
	return decode(bytes, length, true, form);
}

enum form_fault form_decode_raw(const char *bytes, size_t length, struct form *form)
{
	return decode(bytes, length, false, form);
}

void form_free(struct form *form)
{
	for (size_t i = 0; i < form->count; i++) {
		free(form->field[i].name);
		free(form->field[i].value);
	}
	*form = (struct form){0};
}

const char *form_value(const struct form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (strcmp(form->field[i].name, name) == 0)
			return form->field[i].value;
	return NULL;
}
