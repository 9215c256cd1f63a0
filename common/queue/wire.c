#include "common/queue/wire.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/queue/job.h"

#include <string.h>

static void put(struct buf *out, uint64_t value, int bytes)
{
	char text[sizeof value];

	for (int i = bytes - 1; i >= 0; i--, value >>= 8)
		text[i] = (char)(value & 0xff);
	buf_add(out, text, (size_t)bytes);
}

void wire_put_u8(struct buf *out, unsigned value)
{
	put(out, value, 1);
}

void wire_put_u16(struct buf *out, unsigned value)
{
	put(out, value, 2);
}

void wire_put_u32(struct buf *out, uint32_t value)
{
	put(out, value, 4);
}

void wire_put_i64(struct buf *out, int64_t value)
{
	put(out, (uint64_t)value, 8);
}

void wire_put_text(struct buf *out, const char *text)
{
	size_t length = strlen(text);

	if (length > JOB_TEXT_MOST) {
		length = JOB_TEXT_MOST;
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--; /* not within a character */
	}
	put(out, length, 2);
	buf_add(out, text, length);
}

static uint64_t get(struct wire_reader *r, int bytes)
{
	uint64_t value = 0;

	if (r->fault || r->end - r->at < bytes) {
		r->fault = r->fault ? r->fault : "too short";
		return 0;
	}
	while (bytes-- > 0)
		value = value << 8 | *r->at++;
	return value;
}

unsigned wire_u8(struct wire_reader *r)
{
	return (unsigned)get(r, 1);
}

unsigned wire_u16(struct wire_reader *r)
{
	return (unsigned)get(r, 2);
}

uint32_t wire_u32(struct wire_reader *r)
{
	return (uint32_t)get(r, 4);
}

int64_t wire_i64(struct wire_reader *r)
{
	return (int64_t)get(r, 8);
}

const char *wire_view(struct wire_reader *r, size_t *length)
{
	*length = (size_t)get(r, 2);
	if (!r->fault && *length > JOB_TEXT_MOST)
		r->fault = "a text is too long";
	if (!r->fault && (size_t)(r->end - r->at) < *length)
		r->fault = "too short";
	if (!r->fault && !utf8_valid(r->at, *length))
		r->fault = "a text is not UTF-8";
	if (r->fault)
		*length = 0;
	const char *text = (const char *)r->at;
	r->at += *length;
	return text;
}

char *wire_text(struct wire_reader *r)
{
	size_t length;
	const char *text = wire_view(r, &length);

	return mem_copy(text, length);
}

int wire_range(struct wire_reader *r, int least, int most, const char *fault)
{
	int value = (int)wire_u8(r);

	if (!r->fault && (value < least || value > most))
		r->fault = fault;
	return value;
}

bool wire_end(struct wire_reader *r)
{
	if (!r->fault && r->at != r->end)
		r->fault = "too long";
	return !r->fault;
}
