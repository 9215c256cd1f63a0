#pragma once

/*
 * The characters of roster files: Shift_JIS as Windows writes it (CP932) and UTF-8 at the
 * border, UTF-8 inside. The CP932 tables are iconv's; "SHIFT_JIS" is not the same and lacks ①
 * and ㈱.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum charset {
	CHARSET_CP932,
	CHARSET_UTF8,
	CHARSET_UTF16, /* told by its byte order mark; not read */
};

const char *charset_name(enum charset charset);

/*
 * What the bytes are: by the byte order mark, else by the first line that is not plain ASCII.
 * Plain ASCII counts as UTF-8.
 */
MUST_USE enum charset charset_detect(const char *bytes, size_t length);

/*
 * Appends the text as UTF-8, without a byte order mark. A byte that is not sound becomes
 * U+FFFD; their number is returned. NULs stay. CP932 or UTF-8 only.
 */
MUST_USE size_t charset_to_utf8(enum charset from, const char *bytes, size_t length,
				struct buf *out);

/*
 * Appends sound UTF-8 text as CP932. Seven characters that Windows itself writes as their
 * full-width twins are written so (〜 as ～, − as －, — as ―, ‖ as ∥, ¢ £ ¬); nothing else is
 * replaced. False where a character has no CP932 form: it is in *missing, nothing is appended.
 */
MUST_USE bool charset_to_cp932(const char *text, struct buf *out, uint32_t *missing);
