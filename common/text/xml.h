#pragma once

/* Text into XML. */

#include "common/base/buf.h"

/*
 * Puts the text (UTF-8) in so that it is text and nothing else, between tags or in a quoted
 * attribute. Characters that XML 1.0 does not know (section 2.2: most controls, U+FFFE, U+FFFF)
 * become blanks.
 */
void xml_escape(struct buf *out, const char *text);
