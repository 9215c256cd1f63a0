#pragma once

/* The phrases of the pages, by language; see phrases.def. */

#include "common/base/buf.h"
#include "common/base/vocabulary.h"

enum phrase {
#define X(id, ja, en) PHRASE_##id,
#include "dispatcher/reply/answers/phrases.def"
#undef X
	PHRASES
};

const char *phrase(enum phrase phrase, enum language language);

/* Puts the phrase in with the value in place of its %s, both escaped for HTML. */
void phrase_add(struct buf *out, enum phrase phrase, enum language language, const char *value);
