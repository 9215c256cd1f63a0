#include "workers/mail/stencil.h"

#include "common/base/mem.h"
#include "workers/mail/base64.h"

#include <string.h>

/* A line (RFC 2045, section 6.8) stands for 57 bytes. */
enum {
	GROUP_BYTES = 3,
	GROUP = 4,
	LINE_GROUPS = 19,
	LINE_BYTES = LINE_GROUPS * GROUP_BYTES,
	LINE = LINE_GROUPS * GROUP + 2,
};

/* The part with the values in it, and where they stand. */
static void fill(struct stencil *stencil, const struct part *part, const struct buf *values)
{
	struct buf *plain = &stencil->plain;
	size_t at = 0;

	buf_clear(plain);
	for (size_t i = 0; i < part->count; i++) {
		const struct buf *value = &values[part->slots[i].slot];
		buf_add(plain, part->common.data + at, part->slots[i].at - at);
		stencil->gaps[i] = plain->length;
		buf_add(plain, value->data, value->length);
		at = part->slots[i].at;
	}
	buf_add(plain, part->common.data + at, part->common.length - at);
	for (int i = 0; i < PART_SLOT_END; i++)
		stencil->length[i] = values[i].length;
}

static void encode(struct stencil *stencil)
{
	const struct buf *plain = &stencil->plain;
	char line[LINE];

	buf_clear(&stencil->encoded);
	for (size_t at = 0; at < plain->length; at += LINE_BYTES) {
		size_t left = plain->length - at;
		char *end =
			base64_put(line, plain->data + at, left < LINE_BYTES ? left : LINE_BYTES);
		*end++ = '\r';
		*end++ = '\n';
		buf_add(&stencil->encoded, line, (size_t)(end - line));
	}
}

static struct stencil *stencil_for(struct stencils *stencils, const struct part *part)
{
	const struct buf *values = stencils->values;
	struct stencil *stencil;

	for (stencil = stencils->list; stencil < stencils->list + stencils->count; stencil++)
		if (stencil->length[SLOT_NAME] == values[SLOT_NAME].length &&
		    stencil->length[SLOT_TOKEN] == values[SLOT_TOKEN].length)
			return stencil;
	if (stencils->count < STENCILS) {
		stencil = &stencils->list[stencils->count++];
	} else {
		stencil = &stencils->list[stencils->oldest];
		stencils->oldest = (stencils->oldest + 1) % STENCILS;
	}
	fill(stencil, part, values);
	encode(stencil);
	return stencil;
}

/* Writes the groups anew that the bytes from `at` on have a part in. */
static void encode_again(const struct buf *plain, size_t at, size_t length, char *encoded)
{
	size_t last = length ? (at + length - 1) / GROUP_BYTES : 0;

	for (size_t group = at / GROUP_BYTES; length && group <= last; group++) {
		size_t from = group * GROUP_BYTES, left = plain->length - from;
		base64_put(encoded + group / LINE_GROUPS * LINE + group % LINE_GROUPS * GROUP,
			   plain->data + from, left < GROUP_BYTES ? left : GROUP_BYTES);
	}
}

void stencils_write(struct stencils *stencils, const struct part *part, const char *name,
		    const char *token, struct buf *out)
{
	struct buf *values = stencils->values;
	size_t start = out->length;

	for (int i = 0; i < PART_SLOT_END; i++)
		buf_clear(&values[i]);
	part_value(part, name, &values[SLOT_NAME]);
	part_value(part, token, &values[SLOT_TOKEN]);
	struct stencil *stencil = stencil_for(stencils, part);
	buf_add(out, stencil->encoded.data, stencil->encoded.length);
	/* All of them first: two may have a part in one group. */
	for (size_t i = 0; i < part->count; i++) {
		const struct buf *value = &values[part->slots[i].slot];
		if (value->length)
			memcpy(stencil->plain.data + stencil->gaps[i], value->data, value->length);
	}
	for (size_t i = 0; i < part->count; i++)
		encode_again(&stencil->plain, stencil->gaps[i], values[part->slots[i].slot].length,
			     out->data + start);
}

void stencils_free(struct stencils *stencils)
{
	for (size_t i = 0; i < stencils->count; i++) {
		buf_free(&stencils->list[i].plain);
		buf_free(&stencils->list[i].encoded);
	}
	for (int i = 0; i < PART_SLOT_END; i++)
		buf_free(&stencils->values[i]);
	*stencils = (struct stencils){0};
}
