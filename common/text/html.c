#include "common/text/html.h"

#include <string.h>

const char *html_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void html_escape(struct buf *out, const char *text)
{
	for (;;) {
		size_t plain = strcspn(text, "&<>\"'");
		buf_add(out, text, plain);
		text += plain;
		if (!*text)
			return;
		buf_text_add(out, html_entity(*text++));
	}
}

size_t html_escaped_length(const char *text)
{
	size_t length = 0;

	for (; *text; text++) {
		const char *escaped = html_entity(*text);
		length += escaped ? strlen(escaped) : 1;
	}
	return length;
}
