#pragma once

/*
 * Header lines (RFC 5322) with words beyond ASCII (RFC 2047): base64 of UTF-8, encoded words of
 * 75 characters at most that never cut a character, lines of 76. GMime's own encoder makes longer
 * words and cuts where the script changes, which some phones show as rubbish; hence this one.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>

/* Sound UTF-8 without control characters: nothing in it can end the line. */
MUST_USE bool header_value_is_sound(const char *value);

/* Both append one whole header with its CRLF; the values are sound. */
void header_text(struct buf *out, const char *name, const char *value);
void header_mailbox(struct buf *out, const char *name, const char *phrase, const char *address);
