#pragma once

/*
 * One session, from the inside: what libesmtp shows of it through its callbacks, and what is made
 * of that at its end. Private to smtp.c and session.c.
 *
 * How libesmtp 1.1 reports, found by trying (test/unit/test_smtp.c holds it fast):
 * - smtp_start_session() returns 1 where the connection was lost, too. Its error is of use only
 *   where there was no connection.
 * - A message that is added in a callback is sent in this session, if it was added before the one
 *   under way is over. SMTP_EV_MAILSTATUS is raised for each before that, SMTP_EV_MESSAGESENT in
 *   all ways but a refused MAIL FROM before the next is begun.
 * - The status of a message is its own only at SMTP_EV_MESSAGESENT. With CHUNKING it is the reply
 *   to the newest chunk before that. A 250 to DATA raises the event although nothing was sent.
 * - A message whose recipient was refused is given a 503 or 554 all the same.
 * - Greeting, EHLO, STARTTLS and AUTH leave no status at all; after a failed AUTH it goes on to
 *   MAIL FROM. Only the monitor sees them (trace.h).
 */

#include "common/base/buf.h"
#include "workers/mail/judge.h"
#include "workers/mail/smtp.h"
#include "workers/mail/tls.h"
#include "workers/mail/trace.h"

/* libesmtp.h needs stddef.h, and OpenSSL and auth-client.h before it. */
#include <auth-client.h>
#include <stddef.h>

#include <libesmtp.h>

struct relay {
	char *server; /* host:port */
	int port;
	char *helo, *username, *password;
	enum starttls_option starttls;
	SSL_CTX *tls; /* NULL: STARTTLS is off */
	struct tls_name name;
	bool verify;
	int64_t timeout;      /* of one wait, milliseconds */
	int64_t limit;        /* of a session */
	int64_t delivered_at; /* monotonic; when the relay last took a message */
};

/* A message in the session, and what was seen of it. */
struct entry {
	struct session *session;
	struct parcel *parcel;
	struct evidence seen;
	char said[PARCEL_DETAIL]; /* the newest reply to it */
	bool dropped;             /* not wanted any more: was left out */
	bool given;               /* the text, to libesmtp */
};

/*
 * Messages are added one by one, the next while the one before it is under way, so that whoever has
 * answered meanwhile is left out. Where the one that was added has, the session is cut off.
 */
struct session {
	struct relay *relay;
	smtp_session_t wire;
	wanted_fn wanted;
	void *wanted_arg;
	struct entry *newest; /* the last that was added */
	bool cut_short;       /* the rest is for another session */
	struct entry *entries;
	size_t count;
	struct trace trace;
	bool connected;
	bool no_starttls, no_login; /* what the session was ended for */
	int64_t started, heard;     /* monotonic: the newest sign of life */
	size_t outages, unknowns;   /* messages without a judgement of their own */
	const struct entry *outage; /* the first whose own reply speaks of an outage */
	struct buf words;           /* scratch */
};

/* Adds the next message that is wanted, if there is one. */
void session_add_next(struct session *session);

/* libesmtp's callbacks; `arg` is the session, for the text the entry. */
void session_see_event(smtp_session_t wire, int event, void *arg, ...);
void session_see_bytes(const char *bytes, int length, int writing, void *arg);
const char *session_give_text(void **context, int *length, void *arg);

/* Fills the parcels' outcomes and counts them. */
void session_judge(struct session *session);

/*
 * One line on why messages were left without a judgement of their own; those that broke off get
 * it as their detail. `error` is libesmtp's.
 */
void session_explain(struct session *session, int error, bool time_is_up, struct buf *why);
