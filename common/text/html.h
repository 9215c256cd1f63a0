#pragma once

/* Text into HTML. */

#include "common/base/buf.h"
#include <stddef.h>

/* Puts the text in so that it is text and nothing else, between tags or in a quoted attribute.
 */
void html_escape(struct buf *out, const char *text);

/* The bytes that html_escape() would add. */
MUST_USE size_t html_escaped_length(const char *text);
