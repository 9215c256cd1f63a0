#pragma once

/*
 * What is said in a call, as the provider's XML (TwiML). Pure functions of their arguments. A name or
 * a text in Japanese is said by a Japanese voice within an English sentence too: an English one says
 * nothing at all in its place.
 *
 *	twiml_begin(&out);
 *	twiml_say(&out, PHRASE_CALL_TAKEN, language, "I am safe");
 *	twiml_ask(&out, &view);
 *	twiml_end(&out);
 */

#include "common/base/buf.h"
#include "common/store/reply.h"
#include "common/text/question.h"
#include "dispatcher/reply/answers/phrases.h"

struct twiml_view {
	const struct reply_page *page;
	const struct question *question;
	const char *organisation;
	const char *action; /* URL that the key that was pressed goes to */
	bool shared;        /* others are on the call: somebody can be absent (key 0) */
};

void twiml_begin(struct buf *out);
void twiml_end(struct buf *out); /* hangs up, if nothing before it went elsewhere */

/* `value` stands in the place of the phrase's %s; NULL where it has none. */
void twiml_say(struct buf *out, enum phrase phrase, enum language language, const char *value);

/* The same in every language, for somebody of whom nothing is known yet. */
void twiml_say_all(struct buf *out, enum phrase phrase);

/* What happened, in the person's language; nothing is asked. */
void twiml_tell(struct buf *out, const struct twiml_view *view);

/* What happened, who is asked, the choices; waits for one key. */
void twiml_ask(struct buf *out, const struct twiml_view *view);

/* Says the phrase in every language and waits for digits, the hash key behind them. */
void twiml_gather(struct buf *out, enum phrase phrase, const char *action);
