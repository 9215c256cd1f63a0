#include "dispatcher/cli/doctor/doctor.h"

#include "common/auth/accounts.h"
#include "common/auth/vapid.h"
#include "common/base/clock.h"
#include "common/base/keyfile.h"
#include "common/base/mem.h"
#include "common/conf/transport.h"
#include "common/net/http_client.h"
#include "common/store/decision.h"
#include "common/store/telegram.h"
#include "common/text/url.h"
#include "dispatcher/cli/show.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* Whom we ask outside: the telephone provider, push services, publishers of feeds. */

enum { FEEDS_MOST = 32, FORBIDDEN = 403, UNAUTHORIZED = 401, GOOD = 200 };

static void warn_of_null(struct doctor *d, enum channel channel)
{
	if (transport_is_null(d->settings, channel))
		doctor_note(d, FINDING_WARNING, "for earnest, set its transport back, and restart",
			    "NOTHING GOES OUT by %s: its transport is null", channel_name(channel));
}

/* voice */

static char *authorisation_of(const struct account *account)
{
	char *pair = mem_format("%s:%s", account->sid, account->token);
	size_t length = strlen(pair);
	char *code = mem_alloc(length * 4 / 3 + 8);

	EVP_EncodeBlock((unsigned char *)code, (const unsigned char *)pair, (int)length);
	char *header = mem_format("Authorization: Basic %s", code);
	explicit_bzero(pair, length);
	explicit_bzero(code, strlen(code));
	free(pair);
	free(code);
	return header;
}

/* What the provider says of the account: "active", "suspended" or "closed"; "" where it does not. */
static char *state_of(const struct http_request *request)
{
	json_t *json = json_loadb(buf_text(&request->answer), request->answer.length, 0, NULL);
	const char *state = json_string_value(json_object_get(json, "status"));
	char *copy = mem_string(state ? state : "");

	json_decref(json);
	return copy;
}

static void judge_account(struct doctor *d, const struct account *account,
			  const struct http_request *request)
{
	char *state = state_of(request);

	if (request->end != HTTP_ANSWERED)
		doctor_note(d, FINDING_FAULT, "see voice.api_url and the firewall", "%.12s...: %s",
			    account->sid, request->why);
	else if (request->status == UNAUTHORIZED || request->status == FORBIDDEN)
		doctor_note(d, FINDING_FAULT, "see voice.accounts (SID:TOKEN:CALLER:SHARE)",
			    "%.12s...: the provider refuses the login (%d)", account->sid,
			    request->status);
	else if (request->status != GOOD)
		doctor_note(d, FINDING_FAULT,
			    "see voice.api_url, voice.api_path and voice.accounts",
			    "%.12s...: the provider answers %d", account->sid, request->status);
	else if (*state && strcmp(state, "active") != 0)
		doctor_note(d, FINDING_FAULT, "ask the provider", "%.12s...: the account is %.20s",
			    account->sid, state);
	else
		doctor_note(d, FINDING_FINE, NULL, "%.12s...: the provider knows it", account->sid);
	free(state);
}

static void ask_about(struct doctor *d, struct http_client *client, const struct account *account)
{
	char *base = url_base(d->settings->voice_api_url);
	char *url = mem_format("%s%s/Accounts/%s.json", base, d->settings->voice_api_path,
			       account->sid);
	char *header = authorisation_of(account);
	struct http_request request = {.url = url, .headers = {header}};

	http_run(client, &request, 1, d->settings->voice_timeout);
	judge_account(d, account, &request);
	buf_free(&request.answer);
	explicit_bzero(header, strlen(header));
	free(header);
	free(url);
	free(base);
}

void doctor_voice(struct doctor *d)
{
	struct accounts accounts;
	struct buf fault = {0};

	if (!doctor_uses(d, CHANNEL_VOICE))
		return;
	warn_of_null(d, CHANNEL_VOICE);
	if (!accounts_read(d->settings->voice_accounts, &accounts, &fault) || !accounts.count) {
		doctor_note(d, FINDING_FAULT, "name an account, SID:TOKEN:CALLER:SHARE", "%s",
			    fault.length ? buf_text(&fault) : "voice.accounts: empty");
		buf_free(&fault);
		return;
	}
	struct http_client *client =
		http_client_new(true, d->settings->voice_tls_ca_file, "voice.tls_ca_file", &fault);
	if (!client)
		doctor_note(d, FINDING_FAULT, "see the file", "%s", buf_text(&fault));
	for (size_t i = 0; client && i < accounts.count; i++)
		ask_about(d, client, &accounts.list[i]);
	http_client_free(client);
	accounts_free(&accounts);
	buf_free(&fault);
}

/* push */

static void look_at_vapid(struct doctor *d)
{
	char *file = vapid_file(d->settings);
	struct buf fault = {0};
	struct vapid *vapid = vapid_load(file, &fault);

	if (vapid)
		doctor_note(d, FINDING_FINE, NULL, "%s: a sound key", file);
	else
		doctor_note(d, FINDING_FAULT, "bring it back from a backup: phones know no other",
			    "%s", buf_text(&fault));
	vapid_free(vapid);
	buf_free(&fault);
	free(file);
}

static void look_at_contact(struct doctor *d)
{
	const char *contact = d->settings->push_contact;

	if (!*contact)
		doctor_note(d, FINDING_WARNING, "set it, as mailto:somebody@example.co.jp",
			    "push.contact is empty: some push services refuse notifications then");
	else if (strncmp(contact, "mailto:", 7) != 0 && strncmp(contact, "https://", 8) != 0)
		doctor_note(d, FINDING_FAULT, "begin it with mailto: or https://",
			    "push.contact is neither a mailto: nor an https address");
}

static void look_at_fcm(struct doctor *d)
{
	const char *file = d->settings->push_fcm_service_account, *unused;
	struct buf text = {0}, fault = {0};

	if (!*file) {
		doctor_note(d, FINDING_UNSET, NULL,
			    "FCM, for apps: push.fcm_service_account is empty");
		return;
	}
	if (!keyfile_read(file, "see push.fcm_service_account", &text, &fault)) {
		doctor_note(d, FINDING_FAULT, "see push.fcm_service_account", "%s",
			    buf_text(&fault));
		buf_free(&fault);
		return;
	}
	json_t *json = json_loadb(buf_text(&text), text.length, 0, NULL);
	bool whole = json && json_unpack(json, "{s:s, s:s, s:s, s:s}", "project_id", &unused,
					 "client_email", &unused, "private_key", &unused,
					 "token_uri", &unused) == 0;
	if (whole)
		doctor_note(d, FINDING_FINE, NULL, "%s: a service account", file);
	else
		doctor_note(d, FINDING_FAULT, "make a new key in the Firebase console",
			    "%s: no service account (JSON)", file);
	json_decref(json);
	keyfile_forget(&text);
}

void doctor_push(struct doctor *d)
{
	if (!doctor_uses(d, CHANNEL_PUSH))
		return;
	warn_of_null(d, CHANNEL_PUSH);
	look_at_vapid(d);
	look_at_contact(d);
	look_at_fcm(d);
	if (!doctor_workers_alone(d) && strncmp(d->settings->reply_base_url, "https://", 8) != 0)
		doctor_note(d, FINDING_WARNING,
			    "have the reply page behind TLS, see reply.base_url",
			    "phones can only be added over https, and reply.base_url is not");
}

/* feeds */

struct sources {
	char *url[FEEDS_MOST];
	size_t count;
};

static void add_sources(struct sources *sources, const char *list)
{
	while (*list && sources->count < FEEDS_MOST) {
		size_t length = strcspn(list, " ");
		if (length)
			sources->url[sources->count++] = mem_copy(list, length);
		list += length + strspn(list + length, " ");
	}
}

static void judge_feed(struct doctor *d, const struct http_request *request)
{
	static const char advice[] = "see the address in the settings ([feed]) and the firewall";

	if (request->end == HTTP_FORBIDDEN)
		doctor_note(d, FINDING_FAULT, "use its public https address", "%s: %s",
			    request->url, request->why);
	else if (request->end != HTTP_ANSWERED)
		doctor_note(d, FINDING_FAULT, advice, "%s: %s", request->url, request->why);
	else if (request->status != GOOD)
		doctor_note(d, FINDING_FAULT, advice, "%s: answers %d", request->url,
			    request->status);
	else
		doctor_note(d, FINDING_FINE, NULL, "%s: answers", request->url);
}

static void ask_feeds(struct doctor *d, const struct sources *sources)
{
	struct http_request *requests = mem_array(sources->count, sizeof *requests);
	struct buf fault = {0};
	struct http_client *client =
		http_client_new(d->settings->feed_allow_private, "", "", &fault);

	for (size_t i = 0; i < sources->count; i++)
		requests[i] = (struct http_request){.url = sources->url[i], .answer_most = 1};
	if (client)
		http_run(client, requests, sources->count, doctor_patience(d));
	for (size_t i = 0; i < sources->count; i++) {
		if (client)
			judge_feed(d, &requests[i]);
		buf_free(&requests[i].answer);
	}
	if (!client)
		doctor_note(d, FINDING_FAULT, NULL, "%s", buf_text(&fault));
	http_client_free(client);
	buf_free(&fault);
	free(requests);
}

static void see_state(const struct feed_state *feed, void *arg)
{
	struct doctor *d = arg;
	int64_t silent = clock_utc() - feed->answered_at;
	struct buf age = {0};

	if (feed->answered_at && silent > d->settings->feed_stale_after) {
		show_duration(silent, &age);
		doctor_note(d, FINDING_FAULT, "is tenko-feed running? See its log",
			    "%s: tenko-feed has had no sound answer for %s", feed->url,
			    buf_text(&age));
	}
	buf_free(&age);
}

static void look_at_what_came(struct doctor *d)
{
	struct store *store = NULL;
	struct telegram telegram;
	struct buf age = {0};

	if (store_open(d->settings->tenko_data_dir, false, &store) == STORE_OK &&
	    feed_each(store, see_state, d) == STORE_OK &&
	    telegram_load(store, 0, &telegram) == STORE_OK) {
		show_duration(clock_utc() - telegram.received_at, &age);
		doctor_note(d, FINDING_FINE, NULL, "the newest telegram came %s ago",
			    buf_text(&age));
		telegram_free(&telegram);
	}
	buf_free(&age);
	store_close(store);
}

void doctor_feeds(struct doctor *d)
{
	const struct settings *s = d->settings;
	struct sources sources = {0};

	if (!s->feed_enabled) {
		doctor_note(d, FINDING_UNSET, NULL, "feed.enabled = no: nothing is sent by itself");
		return;
	}
	add_sources(&sources, s->feed_atom_urls);
	add_sources(&sources, s->feed_p2pquake_url);
	add_sources(&sources, s->feed_cap_urls);
	if (sources.count)
		ask_feeds(d, &sources);
	else
		doctor_note(d, FINDING_WARNING, "name one in [feed], or turn feeds off",
			    "feed.enabled = yes, and no feed is named");
	look_at_what_came(d);
	for (size_t i = 0; i < sources.count; i++)
		free(sources.url[i]);
}
