#pragma once

/*
 * The message of one attempt: UTF-8, base64, text and (mail.html) HTML with the personal link.
 *
 * What is common to a broadcast and a language is composed once and kept; per message only the
 * personal parts are put in. Every line ends in CRLF and nothing but CRLF, so that the relay
 * sees the message that was composed (libesmtp passes a bare LF on as it is, and dots behind it
 * unstuffed).
 *
 * Values that could change the message's shape are refused, not mended: controls in a name, a
 * title or an address, a link that is none.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/conf/settings.h"
#include "common/queue/job.h"
#include <stdbool.h>

struct composer;

/*
 * From, return path and HTML switch of the settings. NULL, with a sentence in `fault`, where
 * mail cannot be sent with them. Copies what it needs.
 */
MUST_USE struct composer *composer_new(const struct settings *settings, struct buf *fault);
void composer_free(struct composer *composer);

struct letter {
	struct buf return_path; /* for MAIL FROM: user+ATTEMPT@domain */
	struct buf recipient;   /* for RCPT TO, quoted where needed */
	struct buf text;        /* header and body */
};

/*
 * Composes into `letter`, whose buffers are used again. False: *reason, a constant text, says
 * why this message cannot be sent at all.
 */
MUST_USE bool composer_write(struct composer *composer, const struct job *job,
			     const struct content *content, struct letter *letter,
			     const char **reason);
void letter_free(struct letter *letter);
