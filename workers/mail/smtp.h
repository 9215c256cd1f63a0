#pragma once

/*
 * The relay, over libesmtp: many messages in one session, each judged by itself.
 *
 * One window in which a message may go out twice: the session breaks after the message was handed
 * over to its end and before the relay's answer. Such a message is unknown, never delivered; the
 * escalation may try the address again, and the Message-ID of a job that is sent again is the
 * same.
 *
 * A session is over within a quarter of redis.claim_timeout, whatever the relay does
 * (watchdog.h), but for the resolver: it gives up after some seconds by itself.
 *
 * Ignores SIGPIPE and takes SIGALRM for itself. One relay a process.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include "common/conf/settings.h"
#include "workers/wanted.h"
#include <stdbool.h>
#include <stddef.h>

struct relay;

/* NULL, with a sentence in `fault`: mail cannot be sent with these settings. Copies. */
MUST_USE struct relay *relay_open(const struct settings *settings, struct buf *fault);
void relay_close(struct relay *relay);

enum { PARCEL_DETAIL = 200 };

struct parcel {
	const char *return_path, *recipient; /* as they stand in MAIL FROM and RCPT TO */
	const char *text;                    /* header and body; every line ends in CRLF */
	size_t length;

	enum outcome outcome;       /* set by relay_send() */
	char detail[PARCEL_DETAIL]; /* the relay's words, printable ASCII; may be empty */
};

/*
 * Sends them (one at least) in one session and judges each. `wanted` is asked with `arg` and the
 * index right before a message is begun, as a session may take long: one that is not is
 * OUTCOME_NOT_TRIED, and with it, now and then, others that were not begun yet. False: the relay as
 * a whole is down, `why` says how in one line; parcels that did not get their own judgement are
 * OUTCOME_OUTAGE.
 */
MUST_USE bool relay_send(struct relay *relay, struct parcel *parcels, size_t count,
			 wanted_fn wanted, void *arg, struct buf *why);
