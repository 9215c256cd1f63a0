#include "workers/mail/smtp.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "workers/mail/session.h"
#include "workers/mail/watchdog.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* A worker may claim two lanes' jobs at once and deliver them one after the other. */
enum { SESSIONS_PER_CLAIM = 4 };

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

/* False: nobody is wanted any more; or memory ran out, or our own call was wrong. */
static bool prepare(smtp_session_t wire, struct session *session, auth_context_t login)
{
	struct relay *relay = session->relay;
	bool good = smtp_set_server(wire, relay->server) &&
		    smtp_set_eventcb(wire, session_see_event, session) &&
		    smtp_set_monitorcb(wire, session_see_bytes, session, 0) &&
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
	session->wire = wire;
	if (good)
		session_add_next(session);
	return good && session->newest;
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

bool relay_send(struct relay *relay, struct parcel *parcels, size_t count, wanted_fn wanted,
		void *arg, struct buf *why)
{
	struct session session = {
		.relay = relay,
		.wanted = wanted,
		.wanted_arg = arg,
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
	session_judge(&session);
	if (session.outages || session.unknowns)
		session_explain(&session, error, time_is_up, why);
	log_debug("mail.session", "messages=%zu outages=%zu unknown=%zu ms=%" PRId64, count,
		  session.outages, session.unknowns, clock_monotonic() - session.started);
	buf_free(&session.words);
	free(session.entries);
	return session.outages == 0;
}
