#include "dispatcher/reply/answers/phrases.h"

#include "common/text/html.h"

#include <string.h>

static const char *const phrases[PHRASES][LANGUAGES] = {
#define X(id, ja, en) [PHRASE_##id] = {[LANGUAGE_JA] = (ja), [LANGUAGE_EN] = (en)},
#include "dispatcher/reply/answers/phrases.def"
#undef X
};

const char *phrase(enum phrase phrase, enum language language)
{
	return phrases[phrase][language];
}

void phrase_add(struct buf *out, enum phrase which, enum language language, const char *value)
{
	const char *text = phrase(which, language);
	const char *mark = strstr(text, "%s");

	/* The phrases are our own and hold nothing that needs to be escaped. */
	buf_add(out, text, mark ? (size_t)(mark - text) : strlen(text));
	if (mark) {
		html_escape(out, value);
		buf_text_add(out, mark + 2);
	}
}
