#include "common/net/probe.h"

#include "common/base/mem.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SECOND = 1000 };

/* what the server says */

static bool names(const char *line, const char *word)
{
	size_t length = strlen(word);

	return strncmp(line, "250", 3) == 0 && strlen(line) > 4 &&
	       strncasecmp(line + 4, word, length) == 0 &&
	       (line[4 + length] == '\0' || line[4 + length] == ' ' || line[4 + length] == '=');
}

static size_t take_line(char *bytes, size_t size, size_t count, void *arg)
{
	struct probe_found *found = arg;
	size_t length = size * count, kept = 0;

	for (size_t i = 0; i < length && kept < PROBE_TEXT - 1; i++)
		if (bytes[i] >= ' ' && bytes[i] <= '~')
			found->said[kept++] = bytes[i];
	found->said[kept] = '\0';
	found->connected = true;
	found->introduced |= strncmp(found->said, "250", 3) == 0;
	found->starttls |= names(found->said, "STARTTLS");
	found->auth |= names(found->said, "AUTH");
	return length;
}

static size_t pass_over(char *bytes, size_t size, size_t count, void *arg)
{
	(void)bytes;
	(void)arg;
	return size * count;
}

/* its certificate */

/* "Expire date:Nov 21 04:05:06 2027 GMT" of the first one, the server's own. */
static void read_certificate(CURL *easy, struct probe_found *found)
{
	static const char name[] = "Expire date:";
	struct curl_certinfo *chain = NULL;
	long verdict = 0;

	if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) || !chain || chain->num_of_certs < 1)
		return;
	found->encrypted = true;
	for (const struct curl_slist *line = chain->certinfo[0]; line; line = line->next)
		if (strncmp(line->data, name, sizeof name - 1) == 0)
			found->certificate_ends =
				(int64_t)curl_getdate(line->data + sizeof name - 1, NULL) * SECOND;
	if (curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict) == CURLE_OK &&
	    verdict != 0)
		found->trusted = false;
}

static CURL *open_probe(const char *url, int64_t timeout, struct probe_found *found, char *error)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		abort(); /* out of memory */
	*error = '\0';
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_line);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, found);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, pass_over);
	return easy;
}

static void keep(char to[PROBE_TEXT], const char *text)
{
	snprintf(to, PROBE_TEXT, "%s", text);
}

static void judge(CURL *easy, CURLcode code, const char *error, struct probe_found *found)
{
	curl_off_t connected = 0;

	curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
	found->connected |= connected > 0;
	found->answered = code == CURLE_OK;
	found->login_refused = code == CURLE_LOGIN_DENIED;
	if (code)
		keep(found->why, code == CURLE_OPERATION_TIMEDOUT && found->connected
					 ? "it took the connection and then did not answer in time"
				 : *error ? error
					  : curl_easy_strerror(code));
	read_certificate(easy, found);
}

/*
 * Once with the certificate held against the name; where that fails, once more without, to see the
 * rest. `set` adds what is particular.
 */
static void run(const char *url, const char *ca_file, int64_t timeout,
		void (*set)(CURL *easy, const void *arg), const void *arg,
		struct probe_found *found)
{
	char error[CURL_ERROR_SIZE];

	*found = (struct probe_found){.trusted = true};
	for (int strict = 1; strict >= 0; strict--) {
		CURL *easy = open_probe(url, timeout, found, error);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, (long)strict);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, strict ? 2L : 0L);
		if (*ca_file)
			curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
		set(easy, arg);
		CURLcode code = curl_easy_perform(easy);
		bool again = strict && code == CURLE_PEER_FAILED_VERIFICATION;
		if (again)
			keep(found->certificate_fault, error);
		else
			judge(easy, code, error, found);
		curl_easy_cleanup(easy);
		if (!again)
			break;
	}
	if (*found->certificate_fault)
		found->trusted = false;
}

/* relays */

static void set_relay(CURL *easy, const void *arg)
{
	static const long levels[] = {
		[PROBE_TLS_OFF] = CURLUSESSL_NONE,
		[PROBE_TLS_IF_OFFERED] = CURLUSESSL_TRY,
		[PROBE_TLS_REQUIRED] = CURLUSESSL_ALL,
	};
	const struct probe_relay *relay = arg;

	curl_easy_setopt(easy, CURLOPT_USE_SSL, levels[relay->tls]);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "NOOP");
	curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	if (!*relay->username)
		return;
	curl_easy_setopt(easy, CURLOPT_USERNAME, relay->username);
	curl_easy_setopt(easy, CURLOPT_PASSWORD, relay->password);
}

void probe_relay(const struct probe_relay *relay, struct probe_found *found)
{
	char *url = mem_format("smtp://%s:%d/%s", relay->host, relay->port, relay->helo);

	run(url, relay->ca_file, relay->timeout, set_relay, relay, found);
	free(url);
}

/* web servers */

static void set_head(CURL *easy, const void *arg)
{
	(void)arg;
	curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
}

void probe_https(const char *url, int64_t timeout, struct probe_found *found)
{
	run(url, "", timeout, set_head, NULL, found);
}
