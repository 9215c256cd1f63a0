#pragma once

/* UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */

#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the bytes are sound UTF-8 without NUL. */
MUST_USE bool utf8_valid(const void *bytes, size_t length);

/* Decodes one character of at most `length` bytes; its size in bytes, 0 where it is not sound. */
MUST_USE size_t utf8_decode(const void *bytes, size_t length, uint32_t *character);

/* Characters (code points) of a sound text. */
MUST_USE size_t utf8_count(const char *text);

/* The bytes that the first `characters` of a sound text take. */
MUST_USE size_t utf8_offset(const char *text, size_t characters);

/* Columns in a terminal: wide characters take two, combining ones none. */
MUST_USE size_t utf8_columns(const char *text);

/* Whether the text holds a control character other than tab, CR and LF (`lines`), or any. */
MUST_USE bool utf8_has_controls(const char *text, bool lines_allowed);
