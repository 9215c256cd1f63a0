#include "workers/mail/judge.h"

#include <stdio.h>

enum {
	SHUTTING_DOWN = 421,
	BAD_ADDRESS_SYNTAX = 501,
	BAD_SEQUENCE_LAST = 504, /* 500 to 504 speak of commands, not of what is sent */
	NO_MAIL_DOMAIN = 556,
};

struct reply_code judge_code(int code, int class, int subject, int detail, const char *text)
{
	struct reply_code reply = {
		.code = code, .class = class, .subject = subject, .detail = detail};

	/* libesmtp reads it only where the relay announced ENHANCEDSTATUSCODES. */
	if (class == 0 && text &&
	    sscanf(text, "%1d.%3d.%3d", &reply.class, &reply.subject, &reply.detail) != 3)
		reply.class = reply.subject = reply.detail = 0;
	return reply;
}

static int kind_of(const struct reply_code *reply)
{
	return reply->code / 100;
}

/* What the enhanced code of a 5xx says: about this address, or about something else. */
static enum verdict by_enhanced_code(const struct reply_code *reply)
{
	enum { ADDRESSING = 1, MAILBOX = 2, ROUTING = 4 };

	if (reply->subject == ADDRESSING || reply->subject == MAILBOX || reply->subject == ROUTING)
		return VERDICT_REFUSED;
	return VERDICT_DENIED;
}

static enum verdict refused_recipient(const struct reply_code *reply)
{
	if (reply->class == 5)
		return by_enhanced_code(reply);
	if ((reply->code >= 550 && reply->code <= 553) || reply->code == BAD_ADDRESS_SYNTAX ||
	    reply->code == NO_MAIL_DOMAIN)
		return VERDICT_VAGUE;
	return VERDICT_DENIED;
}

/*
 * Of the replies to several chunks only the last is seen. A chunk refused for now is followed by
 * "503 bad sequence", which must not count as a refusal for good.
 */
static enum verdict refused_message(const struct reply_code *reply)
{
	if (reply->code >= 500 && reply->code <= BAD_SEQUENCE_LAST)
		return VERDICT_TEMPORARY;
	return reply->class == 5 ? by_enhanced_code(reply) : VERDICT_DENIED;
}

enum verdict judge_message(const struct evidence *evidence)
{
	const struct reply_code *rcpt = &evidence->rcpt, *final = &evidence->final;

	if (evidence->mail.code && kind_of(&evidence->mail) != 2)
		return VERDICT_OUTAGE;
	if (rcpt->code == SHUTTING_DOWN || final->code == SHUTTING_DOWN)
		return VERDICT_OUTAGE;
	/* First, as a refused recipient leaves a 503 or 554 on the message behind it. */
	if (kind_of(rcpt) == 5)
		return refused_recipient(rcpt);
	if (kind_of(rcpt) == 4)
		return VERDICT_TEMPORARY;
	/* With CHUNKING the message goes out before the recipient is answered. */
	if (kind_of(rcpt) != 2)
		return rcpt->code == 0 && evidence->whole ? VERDICT_UNKNOWN : VERDICT_OUTAGE;
	if (kind_of(final) == 5)
		return refused_message(final);
	if (kind_of(final) == 4)
		return VERDICT_TEMPORARY;
	if (!evidence->whole)
		return VERDICT_OUTAGE; /* also a 2xx to DATA, before there was a message */
	return kind_of(final) == 2 ? VERDICT_DELIVERED : VERDICT_UNKNOWN;
}

enum outcome judge_doubtful(enum verdict verdict, const struct session_record *record)
{
	if (record->delivered > 0)
		return OUTCOME_REFUSED;
	if (record->doubtful > JUDGE_FEW)
		return OUTCOME_OUTAGE;
	if (verdict == VERDICT_VAGUE || record->recently)
		return OUTCOME_REFUSED;
	return OUTCOME_TEMPORARY;
}
