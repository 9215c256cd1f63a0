#pragma once

/*
 * What a mail that came back says: a delivery status notification (RFC 3464) in a multipart/report
 * (RFC 6522). Reads the bytes and nothing else; all of them are hostile, and what is said here is
 * no more than a claim until take.h has held it against the store.
 *
 * The attempt is named by the address that the mail came back to, user+ATTEMPT@domain, which is
 * looked for in the headers that relays put it in. Where a report speaks of several recipients
 * (an address that stood for more than one), the mail has failed only if it has failed for all.
 */

#include "common/auth/proof.h"
#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/store/bounce.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DSN_MOST = 4 << 20 }; /* bytes of a message that is read at all */

enum dsn_kind {
	DSN_NONE,      /* no delivery status notification; `reason` says why */
	DSN_AUTOMATIC, /* an automatic reply ("out of office"), a receipt: means nothing */
	DSN_ARRIVED,   /* delivered, relayed or expanded: means nothing new */
	DSN_DELAYED,   /* not yet delivered, still tried */
	DSN_EXPIRED,   /* given up, but not for the address's fault (4.x.x) */
	DSN_FAILED,    /* 5.x.x */
};

struct dsn {
	enum dsn_kind kind;
	const char *reason;           /* a constant text */
	int64_t attempt;              /* 0: no address of ours was found */
	char status[BOUNCE_STATUS];   /* "5.1.1" */
	char proof[PROOF_LENGTH + 1]; /* of the message that is returned with it; "" none */
	struct buf recipients;        /* one address a line: those that it says were meant */
	struct buf words;             /* the relay's, as they came */
};

/* `return_address`: user@domain, as mails are sent with. Free it in any case. */
void dsn_read(const void *bytes, size_t length, const char *return_address, struct dsn *dsn);
void dsn_free(struct dsn *dsn);

/* The attempt in user+ATTEMPT@domain, wherever in the text it stands; 0: it is not there. */
MUST_USE int64_t dsn_attempt(const char *text, const char *return_address);

/* Whether the address is among the recipients. Upper and lower case are the same. */
MUST_USE bool dsn_is_about(const struct dsn *dsn, const char *address);
