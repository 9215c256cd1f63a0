#pragma once

/*
 * A byte buffer that grows. The text is always NUL-terminated; data may hold NULs of its own.
 *
 *	struct buf b = {0};
 *	buf_format(&b, "%d people", n);
 *	...
 *	buf_free(&b);
 */

#include "common/base/must.h"
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* NULL only while nothing was ever put in; see buf_text() */
	size_t length;
	size_t room;
};

void buf_add(struct buf *b, const void *bytes, size_t length);
void buf_reserve(struct buf *b, size_t more); /* room for so many bytes, so that it need not grow */
void buf_char(struct buf *b, char c);
void buf_text_add(struct buf *b, const char *text);
void buf_number(struct buf *b, int64_t number); /* in decimal digits */
void buf_format(struct buf *b, const char *format, ...) PRINTF(2, 3);
void buf_clear(struct buf *b);         /* keeps the memory */
void buf_free(struct buf *b);          /* the buffer may be used again */
const char *buf_text(const struct buf *b); /* never NULL */
MUST_USE char *buf_take(struct buf *b);    /* the caller frees; the buffer is empty again */
