#pragma once

/*
 * What goes over the wire before the first message. libesmtp does not tell how a greeting, an
 * EHLO, STARTTLS or AUTH was answered: it only ends the session, and after a failed AUTH it goes
 * on without. Its monitor shows the bytes, and this reads them.
 *
 * Nothing that is written is kept, so that no secret is: only the command's verb is looked at.
 */

#include <stdbool.h>
#include <stddef.h>

/*      symbol    verb        phrase */
#define STAGES(X)                           \
	X(CONNECT, "", "connecting")        \
	X(GREETING, "", "its greeting")     \
	X(EHLO, "EHLO", "EHLO")             \
	X(HELO, "HELO", "HELO")             \
	X(STARTTLS, "STARTTLS", "STARTTLS") \
	X(AUTH, "AUTH", "AUTH")             \
	X(MAIL, "MAIL", "MAIL FROM")        \
	X(RCPT, "", "RCPT TO")              \
	X(DATA, "", "DATA")                 \
	X(MESSAGE, "", "the message")

#define X(symbol, verb, phrase) STAGE_##symbol,
enum stage { STAGES(X) STAGE_END };
#undef X

const char *stage_phrase(enum stage stage);

struct trace {
	enum stage stage; /* what is waited for */
	int code;         /* of the last reply that is whole */
	char reply[200];  /* its first line */
	bool authenticated;
	bool injected; /* more came behind the reply to STARTTLS, in the clear */
	bool leaving;  /* QUIT was sent: what follows does not matter */

	bool in_reply; /* between its lines */
	char line[200];
	size_t length;
};

void trace_start(struct trace *trace); /* connected; the greeting is waited for */
void trace_written(struct trace *trace, const char *bytes, size_t length);
void trace_read(struct trace *trace, const char *bytes, size_t length);
