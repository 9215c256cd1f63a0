#pragma once

/*
 * A part of the message with the common places filled in and the personal ones left open:
 * one piece of text, and where in it a name or a token goes.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/queue/job.h"
#include <stdbool.h>

enum part_kind { PART_TEXT, PART_HTML };

enum part_slot { SLOT_NAME, SLOT_TOKEN, PART_SLOT_END };

enum { PART_SLOTS = 12 };

struct part {
	enum part_kind kind;
	struct buf common;
	struct {
		size_t at; /* in common */
		enum part_slot slot;
	} slots[PART_SLOTS];
	size_t count;
};

/* An http or https address that needs no escaping, long as it may be. */
MUST_USE bool part_link_is_sound(const char *url);
/* The alphabet of base64url. */
MUST_USE bool part_token_is_sound(const char *token);

/* From the wording of the language. The content's links are sound. */
void part_fill(struct part *part, enum part_kind kind, const struct content *content,
	       enum language language);

/*
 * Appends a name or a token as it stands in the part, which is canonical text: lines ended by CRLF, what
 * HTML would read as markup escaped, other controls left out.
 */
void part_value(const struct part *part, const char *value, struct buf *out);

void part_free(struct part *part);
