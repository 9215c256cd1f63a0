#include "common/bounce/take.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/bounce/dsn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const char *bounce_return_address(const struct settings *settings)
{
	const char *back = settings->mail_return_address;
	return *back ? back : settings->mail_from_address;
}

/* Whether the mail it speaks of is the attempt's. */
static bool is_proven(const struct taking *t, const struct dsn *dsn, const struct bounced *b)
{
	char token[TOKEN_LENGTH + 1];

	token_make(t->keys, b->broadcast, b->person, token);
	return proof_check(token, b->attempt, dsn->proof) || dsn_is_about(dsn, b->address);
}

static const char *doubt(const struct taking *t, const struct dsn *dsn, const struct bounced *b)
{
	if (b->channel != CHANNEL_MAIL)
		return "that attempt was no mail";
	if (clock_utc() - b->created_at > BOUNCE_BELIEVED)
		return "that mail is too old: bounces are believed for 14 days";
	if (!is_proven(t, dsn, b))
		return "it neither returns that mail nor names the address that it went to";
	return NULL;
}

static enum store_status append(struct store *store, const struct bounce *bounce, bool *fresh)
{
	enum store_status status = store_begin(store);

	if (!status)
		status = bounce_append(store, bounce, fresh);
	if (!status)
		status = store_commit(store);
	if (status)
		store_rollback(store);
	return status;
}

static enum store_status record(const struct taking *t, const struct dsn *dsn, enum taken *taken,
				struct bounce *bounce, struct buf *said)
{
	static const char *const words[] = {[BOUNCE_FAILED] = "failed for good",
					    [BOUNCE_EXPIRED] = "was given up",
					    [BOUNCE_DELAYED] = "is delayed"};
	bool fresh = false;
	char *detail = log_masked(buf_text(&dsn->words), BOUNCE_DETAIL - 1);

	*bounce = (struct bounce){
		.attempt = dsn->attempt,
		.kind = dsn->kind == DSN_FAILED    ? BOUNCE_FAILED
			: dsn->kind == DSN_EXPIRED ? BOUNCE_EXPIRED
						   : BOUNCE_DELAYED,
		.at = clock_utc(),
	};
	snprintf(bounce->status, sizeof bounce->status, "%s", dsn->status);
	snprintf(bounce->detail, sizeof bounce->detail, "%s", detail);
	free(detail);
	enum store_status status = append(t->store, bounce, &fresh);
	*taken = fresh ? TAKEN_NEW : TAKEN_AGAIN;
	buf_format(said, "the mail of attempt %" PRId64 " %s (%s)%s", bounce->attempt,
		   words[bounce->kind], *bounce->status ? bounce->status : "no status",
		   fresh ? "" : ", as was known before");
	return status;
}

static enum store_status judge(const struct taking *t, const struct dsn *dsn, enum taken *taken,
			       struct bounce *bounce, struct buf *said)
{
	struct bounced b;
	enum store_status status = bounced_load(t->store, dsn->attempt, &b);
	const char *why;

	if (status && status != STORE_NONE)
		return status;
	why = status ? "there is no such attempt" : doubt(t, dsn, &b);
	if (!why)
		return record(t, dsn, taken, bounce, said);
	buf_format(said, "not believed of attempt %" PRId64 ": %s", dsn->attempt, why);
	return STORE_OK;
}

enum store_status bounce_take(const struct taking *t, const void *bytes, size_t length,
			      enum taken *taken, struct bounce *bounce, struct buf *said)
{
	const char *back = bounce_return_address(t->settings);
	enum store_status status = STORE_OK;
	struct dsn dsn;

	*taken = TAKEN_REFUSED;
	dsn_read(bytes, length, back, &dsn);
	if (t->to)
		dsn.attempt = dsn_attempt(t->to, back);
	if (dsn.kind == DSN_NONE) {
		buf_format(said, "not a bounce that can be read: %s", dsn.reason);
	} else if (dsn.kind == DSN_AUTOMATIC) {
		*taken = TAKEN_IGNORED;
		buf_format(said, "an automatic reply, no bounce: ignored");
	} else if (dsn.kind == DSN_ARRIVED) {
		*taken = TAKEN_IGNORED;
		buf_format(said, "it says that the mail arrived: ignored");
	} else if (!dsn.attempt) {
		buf_format(said, "names no attempt: it came back to no address of the form"
				 " user+ATTEMPT@domain of mail.return_address");
	} else {
		status = judge(t, &dsn, taken, bounce, said);
	}
	dsn_free(&dsn);
	return status;
}
