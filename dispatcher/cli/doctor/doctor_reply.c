#include "dispatcher/cli/doctor/doctor.h"

#include "common/base/mem.h"
#include "common/net/http_client.h"
#include "common/net/probe.h"
#include "common/text/url.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What people reach: the reply page and its certificate. */

enum { GOOD = 200, WRONG_LINK = 404 };

/* what answers at base_url */

/* A link that can be nobody's is answered by our own page, which names the two languages. */
static bool is_ours(const struct http_request *request)
{
	return request->status == WRONG_LINK &&
	       strstr(buf_text(&request->answer), "No such page") &&
	       strstr(buf_text(&request->answer), "ページがありません");
}

static void judge(struct doctor *d, const char *base, const struct http_request *health,
		  const struct http_request *link)
{
	const char *advice =
		"see reply.base_url, the proxy in front and the firewall; is tenko-reply "
		"running?";

	if (health->end != HTTP_ANSWERED)
		doctor_note(d, FINDING_FAULT, advice, "%s: %s", base, health->why);
	else if (health->status == GOOD && is_ours(link))
		doctor_note(d, FINDING_FINE, NULL, "%s: answers", base);
	else if (is_ours(link))
		doctor_note(d, FINDING_FINE, NULL,
			    "%s: answers, personal links alone are passed on", base);
	else
		doctor_note(d, FINDING_FAULT, advice,
			    "%s: somebody else answers (%d): personal links lead nowhere", base,
			    link->status);
}

static void ask(struct doctor *d, const char *setting)
{
	char *base = url_base(setting);
	char *health = mem_format("%s/healthz", base), *link = mem_format("%s/r/doctor", base);
	struct http_request requests[] = {{.url = health}, {.url = link}};
	struct buf fault = {0};
	/* The address is the admin's, and may be inside. */
	struct http_client *client = http_client_new(true, "", "", &fault);

	if (client)
		http_run(client, requests, LENGTH(requests), doctor_patience(d));
	if (client)
		judge(d, base, &requests[0], &requests[1]);
	else
		doctor_note(d, FINDING_FAULT, NULL, "%s", buf_text(&fault));
	for (size_t i = 0; i < LENGTH(requests); i++)
		buf_free(&requests[i].answer);
	http_client_free(client);
	buf_free(&fault);
	free(health);
	free(link);
	free(base);
}

static bool is_here_only(const char *url)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 ||
	       strncmp(host, "[::1]", 5) == 0;
}

void doctor_reply(struct doctor *d)
{
	const struct settings *s = d->settings;

	ask(d, s->reply_base_url);
	if (*s->reply_inside_url)
		ask(d, s->reply_inside_url);
	if (is_here_only(s->reply_base_url))
		doctor_note(d, FINDING_WARNING, "set reply.base_url to what their phones can open",
			    "personal links begin with %s: only this machine can open them",
			    s->reply_base_url);
}

/* certificates */

static X509 *read_certificate(const char *file)
{
	FILE *in = fopen(file, "re");
	X509 *certificate = in ? PEM_read_X509(in, NULL, NULL, NULL) : NULL;

	if (in)
		fclose(in);
	return certificate;
}

static EVP_PKEY *read_key(const char *file)
{
	char none[] = "";
	FILE *in = fopen(file, "re");
	EVP_PKEY *key = in ? PEM_read_PrivateKey(in, NULL, NULL, none) : NULL;

	if (in)
		fclose(in);
	return key;
}

static void judge_pair(struct doctor *d, const X509 *certificate)
{
	EVP_PKEY *key = read_key(d->settings->reply_tls_key);

	if (!key)
		doctor_note(d, FINDING_FAULT,
			    "see reply.tls_key: PEM, without a password, readable for "
			    "the user that Tenko runs as",
			    "%s: no key that can be read", d->settings->reply_tls_key);
	else if (!X509_check_private_key(certificate, key))
		doctor_note(d, FINDING_FAULT, "see reply.tls_certificate and reply.tls_key",
			    "certificate and key do not belong together");
	EVP_PKEY_free(key);
}

static void look_at_own(struct doctor *d)
{
	const char *file = d->settings->reply_tls_certificate;
	X509 *certificate = read_certificate(file);
	struct tm ends;

	if (!certificate) {
		doctor_note(d, FINDING_FAULT, "see reply.tls_certificate",
			    "%s: no certificate that can be read", file);
	} else {
		if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &ends))
			doctor_note_certificate(d, file, (int64_t)timegm(&ends) * 1000);
		judge_pair(d, certificate);
	}
	X509_free(certificate);
	ERR_clear_error();
}

static void look_at_base_url(struct doctor *d)
{
	const char *url = d->settings->reply_base_url;
	struct probe_found found;

	probe_https(url, doctor_patience(d), &found);
	if (found.certificate_ends)
		doctor_note_certificate(d, url, found.certificate_ends);
	if (!found.trusted)
		doctor_note(d, FINDING_FAULT,
			    "have it made for this name by an authority that phones trust",
			    "%s: phones will not trust its certificate: %s", url,
			    found.certificate_fault);
	else if (!found.certificate_ends)
		doctor_note(d, FINDING_FAULT,
			    "see the proxy in front of it, or reply.tls_certificate", "%s: %s", url,
			    *found.why ? found.why : "shows no certificate");
}

void doctor_tls(struct doctor *d)
{
	const struct settings *s = d->settings;
	bool own = *s->reply_tls_certificate,
	     https = strncmp(s->reply_base_url, "https://", 8) == 0;

	if (own)
		look_at_own(d);
	if (https)
		look_at_base_url(d);
	else
		doctor_note(d, own ? FINDING_WARNING : FINDING_UNSET,
			    own ? "begin reply.base_url with https://" : NULL,
			    "reply.base_url is not https: answers travel in the clear");
}
