#pragma once

/* Numbers and texts in bytes, for the records of job.h and result.h. Reading stops at the first fault. */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stdint.h>

void wire_put_u8(struct buf *out, unsigned value);
void wire_put_u16(struct buf *out, unsigned value);
void wire_put_u32(struct buf *out, uint32_t value);
void wire_put_i64(struct buf *out, int64_t value);
void wire_put_text(struct buf *out, const char *text); /* cut at JOB_TEXT_MOST bytes */

struct wire_reader {
	const unsigned char *at, *end;
	const char *fault; /* NULL: sound so far */
};

unsigned wire_u8(struct wire_reader *r);
unsigned wire_u16(struct wire_reader *r);
uint32_t wire_u32(struct wire_reader *r);
int64_t wire_i64(struct wire_reader *r);
MUST_USE char *wire_text(struct wire_reader *r); /* never NULL; the caller frees */
/* The same as it stands there, without a NUL behind it. */
MUST_USE const char *wire_view(struct wire_reader *r, size_t *length);

/* One of `least` to `most`, else a fault with that name. */
int wire_range(struct wire_reader *r, int least, int most, const char *fault);
/* Sound, and nothing left over. */
MUST_USE bool wire_end(struct wire_reader *r);
