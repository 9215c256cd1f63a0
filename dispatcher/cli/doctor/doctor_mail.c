#include "dispatcher/cli/doctor/doctor.h"

#include "common/base/mem.h"
#include "common/conf/transport.h"
#include "common/net/dns.h"
#include "common/net/probe.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Mail: the relay, and what the world can look up about the sender. */

/* relay */

static const char *relay_advice(const struct settings *s, const struct probe_found *found)
{
	if (found->login_refused)
		return "see mail.username and mail.password, and what the relay's log says";
	if (!found->connected && s->mail_relay_port == 25)
		return "see mail.relay_host; many networks block port 25: use 587 with a login, if the "
		       "relay has it";
	if (!found->connected)
		return "see mail.relay_host and mail.relay_port, and the firewall";
	return "see what the relay's log says";
}

static void judge_tls(struct doctor *d, const struct probe_found *found)
{
	const struct settings *s = d->settings;
	bool required = strcmp(s->mail_tls, "required") == 0;

	if (*s->mail_username && found->auth && !found->encrypted)
		doctor_note(d, FINDING_WARNING, "set mail.tls = required, if the relay offers it",
			    "the password goes to the relay in the clear");
	if (found->certificate_ends)
		doctor_note_certificate(d, "relay", found->certificate_ends);
	if (!found->trusted && found->encrypted)
		doctor_note(d, required && s->mail_tls_verify ? FINDING_FAULT : FINDING_WARNING,
			    "have it renewed or made for this name, or name its authority in "
			    "mail.tls_ca_file",
			    "its certificate is not trusted: %s", found->certificate_fault);
}

static void judge_relay(struct doctor *d, const struct probe_found *found)
{
	const struct settings *s = d->settings;
	bool login = *s->mail_username, required = strcmp(s->mail_tls, "required") == 0;
	const char *place = s->mail_relay_host;
	int port = (int)s->mail_relay_port;

	if (found->introduced && required && !found->starttls)
		doctor_note(d, FINDING_FAULT, "have STARTTLS turned on there, or see mail.tls",
			    "%s:%d offers no STARTTLS, and mail.tls = required", place, port);
	else if (!found->answered)
		doctor_note(d, FINDING_FAULT, relay_advice(s, found), "%s:%d: %s%s%s%s", place,
			    port, found->why, *found->said ? " (" : "", found->said,
			    *found->said ? ")" : "");
	else if (login && !found->auth)
		doctor_note(d, FINDING_FAULT,
			    "leave mail.username empty, or have it turned on there",
			    "%s:%d takes no login (no AUTH)", place, port);
	else
		doctor_note(d, FINDING_FINE, NULL, "%s:%d answers%s%s", place, port,
			    found->encrypted ? ", over TLS" : ", without TLS",
			    login ? ", and takes the login" : "");
	judge_tls(d, found);
}

void doctor_relay(struct doctor *d)
{
	const struct settings *s = d->settings;
	struct probe_found found;
	const struct probe_relay relay = {
		.host = s->mail_relay_host,
		.port = (int)s->mail_relay_port,
		.helo = s->mail_helo_name,
		.username = s->mail_username,
		.password = s->mail_password,
		.tls = strcmp(s->mail_tls, "required") == 0 ? PROBE_TLS_REQUIRED
		       : strcmp(s->mail_tls, "off") == 0    ? PROBE_TLS_OFF
							    : PROBE_TLS_IF_OFFERED,
		.ca_file = s->mail_tls_ca_file,
		.timeout = doctor_patience(d),
	};

	if (!doctor_uses(d, CHANNEL_MAIL))
		return;
	if (transport_is_null(s, CHANNEL_MAIL))
		doctor_note(d, FINDING_WARNING, "for earnest: mail.transport = smtp, and a restart",
			    "NOTHING GOES OUT by mail: mail.transport = null");
	probe_relay(&relay, &found);
	judge_relay(d, &found);
}

/* DNS */

struct texts {
	int spf, dmarc;
	bool anybody; /* SPF lets anybody send */
};

static void see_text(const char *text, void *arg)
{
	struct texts *t = arg;

	if (strncasecmp(text, "v=spf1", 6) == 0 && (text[6] == ' ' || !text[6])) {
		t->spf++;
		t->anybody |= strstr(text, "+all") || strstr(text, " all");
	}
	t->dmarc += strncasecmp(text, "v=DMARC1", 8) == 0;
}

static void see_host(const char *text, void *arg)
{
	int *hosts = arg;

	*hosts += *text != '\0';
}

static void judge_spf(struct doctor *d, const char *domain)
{
	struct texts t = {0};

	switch (dns_ask(d->resolver, domain, DNS_TXT, see_text, &t)) {
	case DNS_MISNAMED:
		doctor_note(d, FINDING_FAULT, "such as 192.0.2.1 or 192.0.2.1:5353",
			    "--resolver: \"%.60s\" is no address", d->resolver);
		return;
	case DNS_FAILED:
		doctor_note(d, FINDING_FAULT,
			    "see /etc/resolv.conf and the firewall, or try --resolver",
			    "no answer about %s from the DNS", domain);
		return;
	case DNS_NO_NAME:
		doctor_note(d, FINDING_FAULT, "see mail.from_address", "there is no domain %s",
			    domain);
		return;
	case DNS_NO_RECORD:
	case DNS_FOUND:
		break;
	}
	if (t.spf == 0)
		doctor_note(
			d, FINDING_WARNING,
			"publish a TXT record that names the relay: v=spf1 ip4:RELAY -all. Carriers' "
			"filters refuse mail without it",
			"%s has no SPF record", domain);
	else if (t.spf > 1)
		doctor_note(d, FINDING_FAULT, "make one of them: more than one count as none",
			    "%s has %d SPF records", domain, t.spf);
	else if (t.anybody)
		doctor_note(d, FINDING_WARNING, "end it with -all or ~all",
			    "%s: its SPF record lets anybody send", domain);
	else
		doctor_note(d, FINDING_FINE, NULL, "%s has an SPF record", domain);
}

/* At the domain itself, else at one above it, down to two labels. */
static void judge_dmarc(struct doctor *d, const char *domain)
{
	struct texts t = {0};
	const char *at = domain;

	while (at && strchr(at, '.') && !t.dmarc) {
		char *name = mem_format("_dmarc.%s", at);
		enum dns_end end = dns_ask(d->resolver, name, DNS_TXT, see_text, &t);
		free(name);
		if (end == DNS_FAILED || end == DNS_MISNAMED)
			return; /* said already */
		at = strchr(at, '.');
		at = at ? at + 1 : NULL;
	}
	if (t.dmarc)
		doctor_note(d, FINDING_FINE, NULL, "%s has a DMARC record", domain);
	else
		doctor_note(
			d, FINDING_WARNING,
			"publish a TXT record at _dmarc of the domain, to begin with v=DMARC1; p=none",
			"%s has no DMARC record", domain);
}

static void judge_mx(struct doctor *d, const char *domain)
{
	int hosts = 0;
	enum dns_end end = dns_ask(d->resolver, domain, DNS_MX, see_host, &hosts);

	if (hosts)
		doctor_note(d, FINDING_FINE, NULL, "%s takes mail (MX)", domain);
	else if (end == DNS_NO_RECORD || end == DNS_NO_NAME)
		doctor_note(
			d, FINDING_WARNING,
			"give it an MX record, or set mail.return_address to a domain that has one",
			"%s takes no mail (no MX): bounces do not come back", domain);
}

void doctor_dns(struct doctor *d)
{
	const struct settings *s = d->settings;
	const char *from = strrchr(s->mail_from_address, '@');
	const char *back = strrchr(s->mail_return_address, '@');

	if (!doctor_uses(d, CHANNEL_MAIL))
		return;
	if (!from || strcmp(from, "@localhost.localdomain") == 0) {
		doctor_note(d, FINDING_FAULT, "set mail.from_address to one of your domain",
			    "the sender has no domain that anybody knows");
		return;
	}
	judge_spf(d, from + 1);
	judge_dmarc(d, from + 1);
	judge_mx(d, back ? back + 1 : from + 1);
}
