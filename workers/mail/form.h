#pragma once

/*
 * A part of the message with the common places filled in and the personal ones left open:
 * one piece of text, and where in it a name or a token goes.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/queue/job.h"
#include <stdbool.h>

enum form_kind { FORM_TEXT, FORM_HTML };

enum form_slot { SLOT_NAME, SLOT_TOKEN };

enum { FORM_SLOTS = 12 };

struct form {
	enum form_kind kind;
	struct buf common;
	struct {
		size_t at; /* in common */
		enum form_slot slot;
	} slots[FORM_SLOTS];
	size_t count;
};

/* An http or https address that needs no escaping, long as it may be. */
MUST_USE bool form_link_is_sound(const char *url);
/* The alphabet of base64url. */
MUST_USE bool form_token_is_sound(const char *token);

/* From the wording of the language. The content's links are sound. */
void form_fill(struct form *form, enum form_kind kind, const struct content *content,
	       enum language language);

/* Appends the part for one person: canonical text, lines ended by CRLF. */
void form_write(const struct form *form, const char *name, const char *token, struct buf *out);

void form_free(struct form *form);
