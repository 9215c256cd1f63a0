#include "workers/mail/session.h"

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "workers/mail/watchdog.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Printable ASCII, blanks run together: the other side's words may hold anything. */
static void put_words(char *to, size_t room, const char *words)
{
	size_t length = 0;

	for (; *words && length + 1 < room; words++) {
		bool blank = *words == ' ' || (*words >= '\t' && *words <= '\r');
		if (blank && (length == 0 || to[length - 1] == ' '))
			continue;
		to[length++] = blank ? ' ' : *words > ' ' && *words <= '~' ? *words : '?';
	}
	while (length && to[length - 1] == ' ')
		length--;
	to[length] = '\0';
}

static void note_reply(struct entry *entry, const smtp_status_t *status, struct reply_code *code)
{
	const int numbers[] = {status->code, status->enh_class, status->enh_subject,
			       status->enh_detail};
	struct buf *words = &entry->session->words;

	*code = judge_code(status->code, status->enh_class, status->enh_subject, status->enh_detail,
			   status->text);
	buf_clear(words);
	for (size_t i = 0; i < (status->enh_class ? LENGTH(numbers) : 1); i++) {
		if (i > 0)
			buf_char(words, i == 1 ? ' ' : '.');
		buf_number(words, numbers[i]);
	}
	buf_char(words, ' ');
	buf_text_add(words, status->text ? status->text : "");
	put_words(entry->said, sizeof entry->said, buf_text(words));
}

/* libesmtp keeps its socket to itself. It is the one that is connected to the relay's port. */
static int find_socket(int port)
{
	int most = (int)sysconf(_SC_OPEN_MAX);

	for (int fd = 0; fd < most && fd < 4096; fd++) {
		struct sockaddr_storage peer;
		socklen_t size = sizeof peer;
		int found = -1;
		if (getpeername(fd, (struct sockaddr *)&peer, &size) < 0)
			continue;
		if (peer.ss_family == AF_INET)
			found = ntohs(((struct sockaddr_in *)&peer)->sin_port);
		else if (peer.ss_family == AF_INET6)
			found = ntohs(((struct sockaddr_in6 *)&peer)->sin6_port);
		if (found == port)
			return fd;
	}
	return -1;
}

/* Once for each address of the relay's name that takes the connection. */
static void see_connect(struct session *session)
{
	int fd = find_socket(session->relay->port), on = 1;
	int64_t spent = clock_monotonic() - session->started;

	session->connected = true;
	trace_start(&session->trace);
	watchdog_watch(fd, session->relay->limit - spent);
	/* A message goes out in several writes of 2 kB, which must not wait for each other. */
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* adding messages */

static bool is_wanted(const struct session *session, const struct entry *entry)
{
	return session->wanted(session->wanted_arg, (size_t)(entry - session->entries));
}

static void add(struct session *session, struct entry *entry)
{
	const struct parcel *parcel = entry->parcel;
	smtp_message_t message = smtp_add_message(session->wire);
	smtp_recipient_t recipient = NULL;

	if (message && smtp_set_reverse_path(message, parcel->return_path))
		recipient = smtp_add_recipient(message, parcel->recipient);
	if (!recipient)
		abort(); /* out of memory */
	smtp_message_set_application_data_release(message, entry, NULL);
	smtp_set_messagecb(message, session_give_text, entry);
	smtp_recipient_set_application_data_release(recipient, entry, NULL);
	session->newest = entry;
}

void session_add_next(struct session *session)
{
	struct entry *end = session->entries + session->count;
	struct entry *entry = session->newest ? session->newest + 1 : session->entries;

	for (; entry < end && !is_wanted(session, entry); entry++)
		entry->dropped = true;
	if (entry < end)
		add(session, entry);
}

/* The newest is about to be begun. */
static void cut_if_unwanted(struct session *session)
{
	if (is_wanted(session, session->newest))
		return;
	session->cut_short = true;
	watchdog_cut();
}

/*
 * libesmtp's monitor. It falls silent where the relay offers CHUNKING, from the first message on;
 * what is needed of it comes before.
 */
void session_see_bytes(const char *bytes, int length, int writing, void *arg)
{
	struct session *session = arg;
	struct trace *trace = &session->trace;

	session->heard = clock_monotonic();
	if (length <= 0 || writing == SMTP_CB_HEADERS)
		return;
	if (!writing) {
		if (trace->stage == STAGE_MESSAGE)
			crash_point(CRASH_MAIL_DATA_SENT);
		trace_read(trace, bytes, (size_t)length);
		/* libesmtp would take it for the first reply under encryption. */
		if (trace->injected)
			watchdog_cut();
		return;
	}
	bool was_before_mail = trace->stage < STAGE_MAIL;
	trace_written(trace, bytes, (size_t)length);
	/* After a failed AUTH, or none offered, libesmtp goes on as if nobody had asked for it. */
	if (was_before_mail && trace->stage == STAGE_MAIL && *session->relay->username &&
	    !trace->authenticated) {
		session->no_login = true;
		watchdog_cut();
	} else if (was_before_mail && trace->stage == STAGE_MAIL) {
		cut_if_unwanted(session);
	}
}

/* replies */

static void see_mail_reply(smtp_message_t message)
{
	struct entry *entry = smtp_message_get_application_data(message);
	struct session *session = entry->session;

	note_reply(entry, smtp_reverse_path_status(message), &entry->seen.mail);
	session->trace.stage = STAGE_RCPT;
	session_add_next(session);
}

static void see_recipient_reply(smtp_recipient_t recipient)
{
	struct entry *entry = smtp_recipient_get_application_data(recipient);

	note_reply(entry, smtp_recipient_status(recipient), &entry->seen.rcpt);
	entry->session->trace.stage = STAGE_DATA;
}

/*
 * The message's end, the only moment at which its status is its own: between chunks it holds the
 * reply to the last chunk, a 250 that delivers nothing.
 */
static void see_message_end(smtp_message_t message)
{
	struct entry *entry = smtp_message_get_application_data(message);

	/* Behind a refused recipient it only says that there was none. */
	if (entry->seen.rcpt.code / 100 == 2 || entry->seen.rcpt.code == 0)
		note_reply(entry, smtp_message_transfer_status(message), &entry->seen.final);
	entry->session->trace.stage = STAGE_MAIL;
	if (entry != entry->session->newest)
		cut_if_unwanted(entry->session);
}

void session_see_event(smtp_session_t wire, int event, void *arg, ...)
{
	struct session *session = arg;
	int *go_on = NULL;
	va_list more;

	(void)wire;
	if (event == SMTP_EV_MESSAGEDATA) /* for every line that goes out */
		return;
	if (event != SMTP_EV_DISCONNECT)
		session->heard = clock_monotonic();
	va_start(more, arg);
	switch (event) {
	case SMTP_EV_CONNECT:
		see_connect(session);
		break;
	case SMTP_EV_MAILSTATUS:
		va_arg(more, const char *);
		see_mail_reply(va_arg(more, smtp_message_t));
		break;
	case SMTP_EV_RCPTSTATUS:
		va_arg(more, const char *);
		see_recipient_reply(va_arg(more, smtp_recipient_t));
		break;
	case SMTP_EV_MESSAGESENT:
		crash_point(CRASH_MAIL_ACCEPTED);
		see_message_end(va_arg(more, smtp_message_t));
		break;
	case SMTP_EV_EXTNA_STARTTLS:
		session->no_starttls = true;
		break;
	/* Where certificates matter, OpenSSL has verified this one, name and all, before. */
	case SMTP_EV_INVALID_PEER_CERTIFICATE:
		va_arg(more, long);
		go_on = va_arg(more, int *);
		*go_on = !session->relay->verify;
		break;
	case SMTP_EV_NO_PEER_CERTIFICATE:
		go_on = va_arg(more, int *);
		*go_on = !session->relay->verify;
		break;
	case SMTP_EV_WRONG_PEER_CERTIFICATE:
		go_on = va_arg(more, int *);
		*go_on = 1;
		break;
	default:
		break;
	}
	va_end(more);
}

/*
 * libesmtp's reader: length NULL rewinds, 0 bytes end the message. The context is left NULL: what
 * is put there libesmtp frees.
 */
const char *session_give_text(void **context, int *length, void *arg)
{
	struct entry *entry = arg;

	(void)context;
	if (!length) {
		entry->given = false;
		return NULL;
	}
	*length = entry->given ? 0 : (int)entry->parcel->length;
	entry->seen.whole = entry->given;
	entry->given = true;
	entry->session->trace.stage = STAGE_MESSAGE;
	return entry->parcel->text;
}

/* judging */

static void explain_silence(const struct session *session, struct buf *why)
{
	const char *phrase = stage_phrase(session->trace.stage);
	int64_t silent = clock_monotonic() - session->heard;

	if (silent >= session->relay->timeout)
		buf_format(why, "no answer to %s for %" PRId64 " s", phrase, silent / 1000);
	else
		buf_format(why, "the connection was lost at %s", phrase);
}

static void explain(const struct session *session, int error, bool time_is_up, struct buf *why)
{
	const struct entry *said = session->outage;
	const struct relay *relay = session->relay;
	const struct trace *trace = &session->trace;
	char words[PARCEL_DETAIL];

	buf_format(why, "%s: ", relay->server);
	put_words(words, sizeof words, trace->reply);
	if (!session->connected && time_is_up)
		buf_format(why, "no connection within %" PRId64 " s", relay->timeout / 1000);
	else if (!session->connected)
		buf_text_add(why, smtp_strerror(error, words, sizeof words));
	else if (trace->injected)
		buf_text_add(why, "text was slipped in before the encryption began");
	else if (relay->name.fault)
		buf_format(why, "its certificate: %s", relay->name.fault);
	else if (session->no_starttls)
		buf_text_add(why, "it offers no STARTTLS, which mail.tls requires");
	else if (session->no_login && trace->code >= 400)
		buf_format(why, "AUTH: %s", words);
	else if (session->no_login)
		buf_text_add(why, "it offers no AUTH that is known here");
	else if (said)
		buf_format(why, "%s%s", said->seen.rcpt.code ? "" : "MAIL FROM: ", said->said);
	else if (time_is_up)
		buf_format(why, "the session took more than %" PRId64 " s", relay->limit / 1000);
	else if (trace->stage < STAGE_MAIL && trace->code >= 400)
		buf_format(why, "%s: %s", stage_phrase(trace->stage), words);
	else
		explain_silence(session, why);
}

static enum outcome outcome_of(enum verdict verdict, const struct session_record *record)
{
	switch (verdict) {
	case VERDICT_DELIVERED:
		return OUTCOME_DELIVERED;
	case VERDICT_REFUSED:
		return OUTCOME_REFUSED;
	case VERDICT_VAGUE:
	case VERDICT_DENIED:
		return judge_doubtful(verdict, record);
	case VERDICT_TEMPORARY:
		return OUTCOME_TEMPORARY;
	case VERDICT_UNKNOWN:
		return OUTCOME_UNKNOWN;
	case VERDICT_OUTAGE:
		break;
	}
	return OUTCOME_OUTAGE;
}

static bool was_left_out(const struct session *session, const struct entry *entry)
{
	return entry->dropped || (session->cut_short && entry >= session->newest);
}

static void judge_one(struct session *session, struct entry *entry,
		      const struct session_record *record)
{
	struct parcel *parcel = entry->parcel;

	if (was_left_out(session, entry)) {
		parcel->outcome = OUTCOME_NOT_TRIED;
		put_words(parcel->detail, PARCEL_DETAIL, "stopped");
		return;
	}
	parcel->outcome = outcome_of(judge_message(&entry->seen), record);
	memcpy(parcel->detail, entry->said, sizeof entry->said);
	session->unknowns += parcel->outcome == OUTCOME_UNKNOWN;
	if (parcel->outcome != OUTCOME_OUTAGE)
		return;
	session->outages++;
	if (!session->outage && *entry->said && entry->said[0] != '2')
		session->outage = entry;
}

void session_judge(struct session *session)
{
	struct session_record record = {
		.recently = session->started - session->relay->delivered_at < JUDGE_RECENT};

	for (size_t i = 0; i < session->count; i++) {
		enum verdict verdict = judge_message(&session->entries[i].seen);
		record.delivered += verdict == VERDICT_DELIVERED;
		record.doubtful += verdict == VERDICT_VAGUE || verdict == VERDICT_DENIED;
	}
	for (size_t i = 0; i < session->count; i++)
		judge_one(session, &session->entries[i], &record);
	if (record.delivered)
		session->relay->delivered_at = session->started;
}

void session_explain(struct session *session, int error, bool time_is_up, struct buf *why)
{
	explain(session, error, time_is_up, why);
	for (size_t i = 0; i < session->count; i++)
		if (session->entries[i].parcel->outcome == OUTCOME_UNKNOWN)
			put_words(session->entries[i].parcel->detail, PARCEL_DETAIL, buf_text(why));
}
