#include "common/text/xml.h"

#include "common/base/utf8.h"
#include "common/text/html.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool is_known(uint32_t c)
{
	bool control = c < 0x20 && c != '\t' && c != '\n' && c != '\r';
	return !control && c != 0xfffe && c != 0xffff;
}

void xml_escape(struct buf *out, const char *text)
{
	struct buf known = {0};
	size_t left = strlen(text), size;
	uint32_t c = 0;

	while (left > 0) {
		size = utf8_decode(text, left, &c);
		bool fine = size > 0 && is_known(c);
		size = size ? size : 1;
		buf_add(&known, fine ? text : " ", fine ? size : 1);
		text += size;
		left -= size;
	}
	/* The five references of XML are those that HTML is written with, too. */
	html_escape(out, buf_text(&known));
	buf_free(&known);
}
