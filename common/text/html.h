#pragma once

/* Text into HTML. */

#include "common/base/buf.h"
#include <stddef.h>

/* What stands for a character that HTML would read as markup; NULL where it stands for itself. */
MUST_USE const char *html_entity(char c);

/* Puts the text in so that it is text and nothing else, between tags or in a quoted attribute. */
void html_escape(struct buf *out, const char *text);

/* The bytes that html_escape() would add. */
MUST_USE size_t html_escaped_length(const char *text);
