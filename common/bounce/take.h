#pragma once

/*
 * Takes a bounce in: believes it or not, and appends it to the store as a fact.
 *
 * It is believed where the attempt that it names is there, is of the mail channel and not older
 * than BOUNCE_BELIEVED, and the bounce shows that it is about that very mail: it returns the mail's
 * proof (common/auth/proof.h), or it names the address that the mail went to. A number alone proves
 * nothing, as anybody can count.
 */

#include "common/auth/token.h"
#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/conf/settings.h"
#include "common/store/bounce.h"
#include "common/store/store.h"
#include <stddef.h>

#define BOUNCE_BELIEVED \
	(INT64_C(14) * 24 * 3600 * 1000) /* milliseconds; relays give up in 5 days */

enum taken {
	TAKEN_NEW,     /* recorded; the scheduler should be told */
	TAKEN_AGAIN,   /* was recorded before: nothing has changed */
	TAKEN_IGNORED, /* means nothing for us */
	TAKEN_REFUSED, /* no bounce, or not believed */
};

struct taking {
	const struct settings *settings;
	struct store *store;
	const struct token_keys *keys;
	const char *to; /* the address it came back to, where the relay says it; NULL */
};

/*
 * `said` gets a sentence without addresses; `bounce` what was recorded. Where the status is none
 * of STORE_OK the store is the trouble, nothing was decided, and it should be given once more.
 */
MUST_USE enum store_status bounce_take(const struct taking *t, const void *bytes, size_t length,
				       enum taken *taken, struct bounce *bounce, struct buf *said);

/* What goes into mails as the sender: mail.return_address, or else mail.from_address. */
const char *bounce_return_address(const struct settings *settings);
