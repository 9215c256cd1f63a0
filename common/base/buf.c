#include "common/base/buf.h"

#include "common/base/mem.h"
#include "common/base/number.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_reserve(struct buf *b, size_t more)
{
	size_t need = b->length + more + 1;
	if (need <= b->room)
		return;
	size_t room = b->room ? b->room : 64;
	while (room < need)
		room *= 2;
	b->data = mem_resize(b->data, room, 1);
	b->room = room;
}

void buf_add(struct buf *b, const void *bytes, size_t length)
{
	buf_reserve(b, length);
	if (length)
		memcpy(b->data + b->length, bytes, length);
	b->length += length;
	b->data[b->length] = '\0';
}

void buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_text_add(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_number(struct buf *b, int64_t number)
{
	char text[NUMBER_TEXT];

	buf_text_add(b, number_text(number, text));
}

/* Mostly there is room already, and then one try is enough. */
void buf_format(struct buf *b, const char *format, ...)
{
	va_list args, again;

	buf_reserve(b, 0);
	size_t room = b->room - b->length;
	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(b->data + b->length, room, format, args);
	va_end(args);
	if (length > 0 && (size_t)length >= room) {
		buf_reserve(b, (size_t)length);
		vsnprintf(b->data + b->length, (size_t)length + 1, format, again);
	}
	va_end(again);
	if (length > 0)
		b->length += (size_t)length;
	b->data[b->length] = '\0';
}

void buf_clear(struct buf *b)
{
	b->length = 0;
	if (b->data)
		b->data[0] = '\0';
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_take(struct buf *b)
{
	char *data = b->data ? b->data : mem_string("");
	*b = (struct buf){0};
	return data;
}
