#pragma once

/*
 * Jobs on the wire. Versioned and strictly decoded: what is too short, too long, of
 * another version or out of range is refused with a reason.
 *
 * Layout, numbers big-endian, texts as a 16-bit length and UTF-8 bytes without NUL:
 *
 *	version 1 or 2 (u8) channel (u8) language (u8) dial order (u8) position (u8) try (u8)
 *	ordinal (u32) attempt (i64) broadcast (i64) person (i64) address name token;
 *	version 2 has title body behind these, which take the place of the broadcast's
 *
 * The address of a push job stands for all devices of the person at once: a JSON array of objects
 * with id, kind (common/base/vocabulary.h), endpoint, p256dh and auth.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include <stdbool.h>
#include <stdint.h>

enum { JOB_TEXT_MOST = 16000 }; /* bytes of one text */

struct job {
	enum channel channel;
	enum language language;
	int dial_order; /* 1.. */
	int position;   /* of the address within its contact, 1..3 */
	int attempt_no; /* 1.. within the step */
	uint32_t ordinal;
	int64_t attempt, broadcast, person; /* ids; person: negative for a family user */
	char *address, *name, *token;       /* owned; token: empty where there is nothing to answer */
	char *title, *body; /* owned; NULL: those of the broadcast, in the job's language */
};

void job_encode(const struct job *job, struct buf *out);
/* False: *reason says why, a constant text; nothing is kept. */
MUST_USE bool job_decode(const void *bytes, size_t length, struct job *job,
			 const char **reason);
void job_free(struct job *job); /* the texts */

/*
 * What a worker needs of a broadcast beside the job: put into the queue once per broadcast, as
 * JSON, and kept by the worker. Texts by language; never NULL, English falls back to Japanese.
 */
struct content {
	int64_t broadcast;
	enum kind kind;
	char *title[LANGUAGES], *body[LANGUAGES];
	char *organisation;
	char *base_url, *inside_url; /* no slash at the end; inside_url may be empty */
	int64_t requested_at, expires_at;
};

void content_encode(const struct content *content, struct buf *out);
MUST_USE bool content_decode(const char *json, size_t length, struct content *content,
			     const char **reason);
void content_free(struct content *content);
