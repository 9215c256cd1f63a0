#pragma once

/*
 * What became of a message: a judgement from what was seen of it in the session. Pure functions.
 *
 * Whose fault a refusal is, is decided by the command that it answers:
 *
 *	before MAIL FROM, and MAIL FROM itself	the relay's: outage. Greeting, EHLO, STARTTLS, AUTH
 *						and the sender are the same for everybody.
 *	421 anywhere				the relay's: outage. It is closing down.
 *	4xx to RCPT TO, DATA or the message	temporary
 *	5xx to RCPT TO				the address is refused where the reply says so (5.1.x
 *						address, 5.2.x mailbox, 5.4.x routing). What says
 *						nothing of the kind, or speaks of policy, may be the
 *						relay's own doing ("relay access denied"): doubtful,
 *						see judge_doubtful().
 *	5xx to DATA or the message		doubtful in the same way; 500 to 504, which speak of the
 *						sequence of commands, are temporary
 *
 * Where the session broke: a message that was handed over to its end and not answered is unknown,
 * the one window in which a message may go out twice; all others are known not to have been sent.
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A reply: 0 where none came. The enhanced code (RFC 3463) is 0.0.0 where there is none. */
struct reply_code {
	int code;
	int class, subject, detail;
};

struct evidence {
	struct reply_code mail, rcpt;
	struct reply_code final; /* to DATA where that was refused, else to the whole message */
	bool whole;              /* the last byte of the message was handed over */
};

/* `class` 0: the enhanced code is read from the start of the text, if it is there. */
MUST_USE struct reply_code judge_code(int code, int class, int subject, int detail,
				      const char *text);

enum verdict {
	VERDICT_DELIVERED,
	VERDICT_REFUSED,
	VERDICT_VAGUE,  /* refused, without a word why */
	VERDICT_DENIED, /* refused, by a policy */
	VERDICT_TEMPORARY,
	VERDICT_UNKNOWN,
	VERDICT_OUTAGE,
};

MUST_USE enum verdict judge_message(const struct evidence *evidence);

/*
 * The outcome of a doubtful refusal (vague or denied). It is the person's where the relay is
 * seen to work: it delivered another message of this session. It is an outage where more than
 * JUDGE_FEW messages were refused so and none delivered. In between, a vague one is the
 * person's, and a denied one if the relay has delivered anything within JUDGE_RECENT; else it
 * is temporary: tried again, but neither for ever nor with the whole channel held up by it.
 */
enum { JUDGE_FEW = 2, JUDGE_RECENT = 10 * 60 * 1000 /* milliseconds */ };

struct session_record {
	size_t delivered, doubtful; /* in this session */
	bool recently;              /* delivered anything within JUDGE_RECENT */
};

MUST_USE enum outcome judge_doubtful(enum verdict verdict, const struct session_record *record);
