#include "workers/mail/smtp.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "workers/mail/judge.h"
#include "workers/mail/tls.h"
#include "workers/mail/trace.h"
#include "workers/mail/watchdog.h"

/* libesmtp.h needs stddef.h, and OpenSSL and auth-client.h before it; all stand above it. */
#include <auth-client.h>
#include <libesmtp.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A worker may claim two lanes' jobs at once and deliver them one after the other. */
enum { SESSIONS_PER_CLAIM = 4 };

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
	smtp_message_t message;
	struct evidence seen;
	char said[PARCEL_DETAIL]; /* the newest reply to it */
	bool given;               /* the text, to libesmtp */
};

struct session {
	struct relay *relay;
	struct entry *entries;
	size_t count;
	struct trace trace;
	bool connected;
	bool no_starttls, no_login; /* what the session was ended for */
	int64_t started, heard;     /* monotonic: the newest sign of life */
	size_t outages, unknowns;   /* messages without a judgement of their own */
	const struct entry *outage; /* the first whose own reply speaks of an outage */
};

/* opening */

static bool is_word(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static bool settings_are_sound(const struct settings *s, struct buf *fault)
{
	if (!*s->mail_relay_host || !is_word(s->mail_relay_host))
		buf_text_add(fault, "mail.relay_host: expected a name or an IPv4 address");
	else if (strchr(s->mail_relay_host, ':'))
		buf_text_add(fault, "mail.relay_host: an IPv6 address cannot be used, give the "
				    "relay a name; the port is mail.relay_port");
	else if (!is_word(s->mail_helo_name))
		buf_text_add(fault, "mail.helo_name: expected a name without blanks");
	else
		return true;
	return false;
}

static enum starttls_option starttls_of(const char *choice)
{
	if (strcmp(choice, "required") == 0)
		return Starttls_REQUIRED;
	return strcmp(choice, "off") == 0 ? Starttls_DISABLED : Starttls_ENABLED;
}

/*
 * What libesmtp would otherwise read from around it: client certificates below the home of
 * whoever runs it (of which it frees one twice, and without which it refuses TLS where the home
 * may not be read), and a resolver that tries for minutes.
 */
static void tame_environment(void)
{
	setenv("XDG_CONFIG_DIR", "/nonexistent", 1);
	setenv("RES_OPTIONS", "timeout:3 attempts:2", 0);
	signal(SIGPIPE, SIG_IGN);
}

struct relay *relay_open(const struct settings *s, struct buf *fault)
{
	struct in_addr address;

	if (!settings_are_sound(s, fault))
		return NULL;
	struct relay *relay = mem_alloc(sizeof *relay);
	*relay = (struct relay){
		.server = mem_format("%s:%d", s->mail_relay_host, (int)s->mail_relay_port),
		.port = (int)s->mail_relay_port,
		.helo = mem_string(s->mail_helo_name),
		.username = mem_string(s->mail_username),
		.password = mem_string(s->mail_password),
		.starttls = starttls_of(s->mail_tls),
		.name = {.host = mem_string(s->mail_relay_host),
			 .is_address = inet_pton(AF_INET, s->mail_relay_host, &address) == 1},
		.limit = s->redis_claim_timeout / SESSIONS_PER_CLAIM,
		.delivered_at = clock_monotonic() - JUDGE_RECENT,
	};
	relay->timeout = s->mail_timeout < relay->limit ? s->mail_timeout : relay->limit;
	relay->verify = relay->starttls == Starttls_REQUIRED && s->mail_tls_verify;
	if (relay->starttls != Starttls_DISABLED) {
		relay->tls = tls_context(&relay->name, relay->verify, s->mail_tls_ca_file, fault);
		if (!relay->tls) {
			relay_close(relay);
			return NULL;
		}
	}
	tame_environment();
	watchdog_install();
	auth_client_init();
	return relay;
}

void relay_close(struct relay *relay)
{
	if (!relay)
		return;
	auth_client_exit();
	SSL_CTX_free(relay->tls);
	free(relay->server);
	free(relay->helo);
	free(relay->username);
	explicit_bzero(relay->password, strlen(relay->password));
	free(relay->password);
	free(relay->name.host);
	free(relay);
}

/* what is seen of the session */

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
	struct buf words = {0};

	*code = judge_code(status->code, status->enh_class, status->enh_subject, status->enh_detail,
			   status->text);
	buf_format(&words, "%d ", status->code);
	if (status->enh_class)
		buf_format(&words, "%d.%d.%d ", status->enh_class, status->enh_subject,
			   status->enh_detail);
	buf_text_add(&words, status->text ? status->text : "");
	put_words(entry->said, sizeof entry->said, buf_text(&words));
	buf_free(&words);
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

/*
 * libesmtp's monitor. It falls silent where the relay offers CHUNKING, from the first message on;
 * what is needed of it comes before.
 */
static void see_bytes(const char *bytes, int length, int writing, void *arg)
{
	struct session *session = arg;
	struct trace *trace = &session->trace;

	session->heard = clock_monotonic();
	if (length <= 0 || writing == SMTP_CB_HEADERS)
		return;
	if (!writing) {
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
	}
}

static void see_mail_reply(smtp_message_t message)
{
	struct entry *entry = smtp_message_get_application_data(message);

	note_reply(entry, smtp_reverse_path_status(message), &entry->seen.mail);
	entry->session->trace.stage = STAGE_RCPT;
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
}

static void see_event(smtp_session_t unused, int event, void *arg, ...)
{
	struct session *session = arg;
	int *go_on = NULL;
	va_list more;

	(void)unused;
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
static const char *read_text(void **context, int *length, void *arg)
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

/* running it */

static int answer_login(auth_client_request_t request, char **result, int fields, void *arg)
{
	struct relay *relay = arg;

	for (int i = 0; i < fields; i++) {
		if (request[i].flags & AUTH_USER)
			result[i] = relay->username;
		else if (request[i].flags & AUTH_PASS)
			result[i] = relay->password;
		else
			return 0; /* a mechanism that wants more: the next is tried */
	}
	return 1;
}

static void set_timeouts(smtp_session_t session, int64_t ms)
{
	static const int which[] = {Timeout_GREETING, Timeout_ENVELOPE, Timeout_DATA,
				    Timeout_TRANSFER, Timeout_DATA2};

	/* Milliseconds, whatever its manual says; a second at least. */
	for (size_t i = 0; i < LENGTH(which); i++)
		smtp_set_timeout(session, which[i] | Timeout_OVERRIDE_RFC2822_MINIMUM, (long)ms);
}

static bool add_message(smtp_session_t session, struct entry *entry)
{
	const struct parcel *parcel = entry->parcel;
	smtp_recipient_t recipient;

	entry->message = smtp_add_message(session);
	if (!entry->message || !smtp_set_reverse_path(entry->message, parcel->return_path))
		return false;
	smtp_message_set_application_data_release(entry->message, entry, NULL);
	smtp_set_messagecb(entry->message, read_text, entry);
	recipient = smtp_add_recipient(entry->message, parcel->recipient);
	if (!recipient)
		return false;
	smtp_recipient_set_application_data_release(recipient, entry, NULL);
	return true;
}

/* False only where memory ran out or our own call was wrong. */
static bool prepare(smtp_session_t wire, struct session *session, auth_context_t login)
{
	struct relay *relay = session->relay;
	bool good = smtp_set_server(wire, relay->server) &&
		    smtp_set_eventcb(wire, see_event, session) &&
		    smtp_set_monitorcb(wire, see_bytes, session, 0) &&
		    smtp_starttls_enable(wire, relay->starttls);

	if (*relay->helo)
		good = good && smtp_set_hostname(wire, relay->helo);
	if (relay->tls)
		good = good && smtp_starttls_set_ctx(wire, relay->tls);
	if (*relay->username) {
		auth_set_mechanism_flags(login, AUTH_PLUGIN_PLAIN, 0);
		auth_set_interact_cb(login, answer_login, relay);
		good = good && smtp_auth_set_context(wire, login);
	}
	set_timeouts(wire, relay->timeout);
	for (size_t i = 0; i < session->count; i++)
		good = good && add_message(wire, &session->entries[i]);
	return good;
}

/*
 * Its return value says little: 1 also where the connection was lost. Each message is judged by
 * what was seen of it. Returns libesmtp's error, for where there was no connection.
 */
static int run(struct session *session, bool *time_is_up)
{
	smtp_session_t wire = smtp_create_session();
	auth_context_t login = auth_create_context();
	int error = SMTP_ERR_INVAL;

	if (wire && login && prepare(wire, session, login)) {
		watchdog_connect(session->relay->timeout);
		smtp_start_session(wire);
		error = smtp_errno();
		*time_is_up = watchdog_end();
	}
	if (wire) {
		smtp_auth_set_context(wire, NULL);
		smtp_destroy_session(wire);
	}
	if (login)
		auth_destroy_context(login);
	return error;
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

/* Why messages were left without a judgement of their own. */
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

static void judge_one(struct session *session, struct entry *entry,
		      const struct session_record *record)
{
	struct parcel *parcel = entry->parcel;

	parcel->outcome = outcome_of(judge_message(&entry->seen), record);
	memcpy(parcel->detail, entry->said, sizeof entry->said);
	session->unknowns += parcel->outcome == OUTCOME_UNKNOWN;
	if (parcel->outcome != OUTCOME_OUTAGE)
		return;
	session->outages++;
	if (!session->outage && *entry->said && entry->said[0] != '2')
		session->outage = entry;
}

static void judge(struct session *session)
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

/* A message that broke off has no words of its own: it gets the session's. */
static void put_reason(struct session *session, const struct buf *why)
{
	for (size_t i = 0; i < session->count; i++)
		if (session->entries[i].parcel->outcome == OUTCOME_UNKNOWN)
			put_words(session->entries[i].parcel->detail, PARCEL_DETAIL, buf_text(why));
}

bool relay_send(struct relay *relay, struct parcel *parcels, size_t count, struct buf *why)
{
	struct session session = {
		.relay = relay,
		.entries = mem_array(count, sizeof *session.entries),
		.count = count,
		.started = clock_monotonic(),
	};
	bool time_is_up = false;

	session.heard = session.started;
	relay->name.fault = NULL;
	for (size_t i = 0; i < count; i++) {
		session.entries[i].session = &session;
		session.entries[i].parcel = &parcels[i];
	}
	int error = run(&session, &time_is_up);
	judge(&session);
	if (session.outages || session.unknowns) {
		explain(&session, error, time_is_up, why);
		put_reason(&session, why);
	}
	log_debug("mail.session", "messages=%zu outages=%zu unknown=%zu ms=%" PRId64, count,
		  session.outages, session.unknowns, clock_monotonic() - session.started);
	free(session.entries);
	return session.outages == 0;
}
