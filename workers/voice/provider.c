#include "workers/voice/provider.h"

#include "common/auth/accounts.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/conf/transport.h"
#include "common/net/http_client.h"
#include "common/text/url.h"
#include "workers/voice/rota.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	KNOWN = 1024,        /* calls that we remember having placed */
	TRIES_MOST = 3,      /* of a call that the provider did not process */
	THROTTLED_MS = 1000, /* calls are counted by the second */
	FINDS_MOST = 2,
	CLOCKS_APART_MS = 60 * 1000, /* ours and the provider's */
	LATELY_MS = 10 * 60 * 1000,
};

static const char form_type[] = "Content-Type: application/x-www-form-urlencoded";

struct provider {
	const struct settings *settings;
	struct accounts accounts;
	char *authorisation[ACCOUNTS_MOST]; /* the whole header */
	char *base;                         /* up to "/Accounts" */
	struct rota rota;
	int64_t placed_at[ACCOUNTS_MOST]; /* the last call; monotonic, 0: none yet */
	struct http_client *http;
	bool null;                         /* nobody is asked */
	char known[KNOWN][ANSWER_SID + 1]; /* a ring */
	size_t next_known;
};

/* opening */

static char *authorisation_of(const struct account *account)
{
	char *pair = mem_format("%s:%s", account->sid, account->token);
	size_t length = strlen(pair);
	char *code = mem_alloc(length * 4 / 3 + 8);

	EVP_EncodeBlock((unsigned char *)code, (const unsigned char *)pair, (int)length);
	char *header = mem_format("Authorization: Basic %s", code);
	OPENSSL_cleanse(pair, length);
	OPENSSL_cleanse(code, strlen(code));
	free(pair);
	free(code);
	return header;
}

static void take_accounts(struct provider *p)
{
	p->rota.count = p->accounts.count;
	for (size_t i = 0; i < p->accounts.count; i++) {
		p->authorisation[i] = authorisation_of(&p->accounts.list[i]);
		p->rota.turn[i] = (struct turn){.share = p->accounts.list[i].share};
	}
}

struct provider *provider_open(const struct settings *settings, struct buf *fault)
{
	struct provider *p = mem_alloc(sizeof *p);
	char *base = url_base(settings->voice_api_url);

	p->settings = settings;
	p->null = transport_is_null(settings, CHANNEL_VOICE);
	p->base = mem_format("%s%s/Accounts", base, settings->voice_api_path);
	free(base);
	bool good = accounts_read(settings->voice_accounts, &p->accounts, fault);
	if (good && p->accounts.count == 0)
		buf_text_add(fault, "voice.accounts: name an account at the provider, "
				    "SID:TOKEN:CALLER:SHARE");
	/* The address is the admin's: a gateway of one's own may stand inside. */
	if (p->accounts.count > 0)
		p->http = http_client_new(true, settings->voice_tls_ca_file, "voice.tls_ca_file",
					  fault);
	if (!p->http) {
		provider_close(p);
		return NULL;
	}
	take_accounts(p);
	return p;
}

void provider_close(struct provider *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < ACCOUNTS_MOST; i++) {
		if (p->authorisation[i])
			OPENSSL_cleanse(p->authorisation[i], strlen(p->authorisation[i]));
		free(p->authorisation[i]);
	}
	accounts_free(&p->accounts);
	http_client_free(p->http);
	free(p->base);
	free(p);
}

/* calls that we know of */

static void remember(struct provider *p, const char *sid)
{
	snprintf(p->known[p->next_known++ % KNOWN], ANSWER_SID + 1, "%s", sid);
}

static bool is_known(const char *sid, void *arg)
{
	const struct provider *p = arg;

	for (size_t i = 0; i < KNOWN; i++)
		if (strcmp(p->known[i], sid) == 0)
			return true;
	return false;
}

/* requests */

static void add_field(struct buf *out, const char *name, const char *value)
{
	if (out->length > 0)
		buf_char(out, '&');
	url_encode(out, name);
	buf_char(out, '=');
	url_encode(out, value);
}

static void write_form(const struct provider *p, const struct call *call, struct buf *out)
{
	static const char *const events[] = {"initiated", "ringing", "answered", "completed"};
	const struct settings *s = p->settings;
	char seconds[24];

	snprintf(seconds, sizeof seconds, "%lld", (long long)(s->voice_ring_timeout / 1000));
	add_field(out, "To", call->to);
	add_field(out, "From", p->accounts.list[call->account].caller);
	add_field(out, "Url", call->url);
	add_field(out, "Method", "POST");
	add_field(out, "StatusCallback", call->events);
	add_field(out, "StatusCallbackMethod", "POST");
	for (size_t i = 0; i < LENGTH(events); i++)
		add_field(out, "StatusCallbackEvent", events[i]);
	add_field(out, "Timeout", seconds);
	if (strcmp(s->voice_machine_detection, "off") != 0)
		add_field(out, "MachineDetection",
			  strcmp(s->voice_machine_detection, "on") == 0 ? "Enable"
									: "DetectMessageEnd");
}

static struct http_request request_of(const struct provider *p, size_t account, char *url,
				      const struct buf *form)
{
	return (struct http_request){
		.url = url,
		.headers = {p->authorisation[account], form ? form_type : NULL},
		.body = form ? form->data : NULL,
		.length = form ? form->length : 0,
	};
}

/* finding a call whose request was not answered */

static char *list_url(const struct provider *p, const struct call *call)
{
	const struct account *account = &p->accounts.list[call->account];
	time_t day = (time_t)((call->sent_at - CLOCKS_APART_MS) / 1000);
	struct buf query = {0};
	struct tm tm;
	char date[16];

	gmtime_r(&day, &tm);
	strftime(date, sizeof date, "%Y-%m-%d", &tm);
	add_field(&query, "To", call->to);
	add_field(&query, "From", account->caller);
	add_field(&query, "StartTime>", date);
	char *url = mem_format("%s/%s/Calls.json?%s", p->base, account->sid, buf_text(&query));
	buf_free(&query);
	return url;
}

/* False: the provider did not answer. */
static bool find_once(struct provider *p, struct call *call)
{
	char *url = list_url(p, call);
	struct http_request request = request_of(p, call->account, url, NULL);
	bool readable = false;

	http_run(p->http, &request, 1, p->settings->voice_timeout);
	bool found = request.end == HTTP_ANSWERED && request.status == 200 &&
		     answer_find(buf_text(&request.answer), request.answer.length,
				 call->sent_at - CLOCKS_APART_MS, is_known, p, call->answer.sid,
				 &readable);
	call->answer.verdict = found ? VERDICT_PLACED : VERDICT_FAILED;
	buf_free(&request.answer);
	free(url);
	return readable;
}

static void find(struct provider *p, struct call *call)
{
	bool answered = false;

	for (int i = 0; i < FINDS_MOST && !answered; i++)
		answered = find_once(p, call);
	log_warning("call.unanswered", "to=%s found=%s", log_address(call->to),
		    call->answer.verdict == VERDICT_PLACED ? "yes"
		    : answered                             ? "no"
							   : "unknown");
	snprintf(call->answer.detail, sizeof call->answer.detail, "%s",
		 answered ? "the provider did not answer; it did not place the call"
			  : "the provider does not answer; it may have placed the call");
}

/* placing */

/*
 * What is wrong with our settings is wrong with every call. Where the account placed others lately it
 * is this number, which must not hold up the others.
 */
static enum verdict resolve_doubt(const struct provider *p, const struct call *call, int64_t now)
{
	int64_t placed = p->placed_at[call->account];

	return placed && now - placed < LATELY_MS ? VERDICT_TEMPORARY : VERDICT_FAILED;
}

static void read_answer(struct provider *p, struct call *call, const struct http_request *request)
{
	if (request->end == HTTP_CALLED_OFF) {
		call->answer = (struct placed){.verdict = VERDICT_CALLED_OFF, .detail = "stopped"};
		return;
	}
	if (request->end == HTTP_ANSWERED) {
		call->answer = answer_to_placing(request->status, buf_text(&request->answer),
						 request->answer.length);
	} else {
		bool went_out = request->end == HTTP_UNKNOWN;
		call->answer.verdict = went_out ? VERDICT_UNCLEAR : VERDICT_FAILED;
		snprintf(call->answer.detail, sizeof call->answer.detail, "%s", request->why);
	}
	if (call->answer.verdict == VERDICT_UNCLEAR)
		find(p, call);
	if (call->answer.verdict == VERDICT_DOUBTFUL)
		call->answer.verdict = resolve_doubt(p, call, clock_monotonic());
	if (call->answer.verdict == VERDICT_PLACED) {
		remember(p, call->answer.sid);
		p->placed_at[call->account] = clock_monotonic();
	}
	if (call->answer.verdict == VERDICT_FAILED || call->answer.verdict == VERDICT_THROTTLED)
		rota_failed(&p->rota, call->account, clock_monotonic());
	else
		rota_works(&p->rota, call->account);
}

static bool may_go(void *arg)
{
	const struct call *call = arg;

	return call->wanted(call->wanted_arg, call->index);
}

/* The null transport: a call that would be placed now rings nowhere. */
static void ring_nowhere(struct call *call)
{
	if (may_go(call))
		call->answer = (struct placed){.verdict = VERDICT_NOT_RUNG,
					       .detail = "null transport: not called"};
	else
		call->answer = (struct placed){.verdict = VERDICT_CALLED_OFF, .detail = "stopped"};
}

/* Those that are open yet, once. */
static void place_once(struct provider *p, struct call *const *calls, size_t count)
{
	struct http_request *requests = mem_array(count, sizeof *requests);
	struct buf *forms = mem_array(count, sizeof *forms);
	char **urls = mem_array(count, sizeof *urls);

	for (size_t i = 0; i < count; i++) {
		struct call *call = calls[i];
		call->account = rota_pick(&p->rota, clock_monotonic());
		call->sent_at = clock_utc();
		write_form(p, call, &forms[i]);
		urls[i] = mem_format("%s/%s/Calls.json", p->base,
				     p->accounts.list[call->account].sid);
		requests[i] = request_of(p, call->account, urls[i], &forms[i]);
		requests[i].go = may_go;
		requests[i].arg = call;
	}
	if (!p->null)
		http_run(p->http, requests, count, p->settings->voice_timeout);
	for (size_t i = 0; i < count; i++) {
		if (p->null)
			ring_nowhere(calls[i]);
		else
			read_answer(p, calls[i], &requests[i]);
		buf_free(&requests[i].answer);
		buf_free(&forms[i]);
		free(urls[i]);
	}
	free(requests);
	free(forms);
	free(urls);
}

/* Whether it is worth another try now: by another account, or in a second. */
static bool is_open(const struct provider *p, const struct call *call)
{
	if (call->answer.verdict == VERDICT_THROTTLED)
		return true;
	return call->answer.verdict == VERDICT_FAILED && rota_any(&p->rota, clock_monotonic());
}

static size_t keep_open(const struct provider *p, struct call **open, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (is_open(p, open[i]))
			open[kept++] = open[i];
	return kept;
}

static enum outcome outcome_of(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_PLACED:
		return OUTCOME_PLACED;
	case VERDICT_REFUSED:
		return OUTCOME_REFUSED;
	case VERDICT_TEMPORARY:
		return OUTCOME_TEMPORARY;
	case VERDICT_CALLED_OFF:
		return OUTCOME_NOT_TRIED;
	case VERDICT_NOT_RUNG:
		return OUTCOME_NO_ANSWER;
	case VERDICT_THROTTLED:
	case VERDICT_FAILED:
	case VERDICT_DOUBTFUL:
	case VERDICT_UNCLEAR:
		break;
	}
	return OUTCOME_OUTAGE;
}

void provider_place(struct provider *p, struct call *calls, size_t count, wanted_fn wanted,
		    void *arg)
{
	struct call **open = mem_array(count, sizeof *open);
	size_t left = count;

	for (size_t i = 0; i < count; i++) {
		calls[i].wanted = wanted;
		calls[i].wanted_arg = arg;
		calls[i].index = i;
		open[i] = &calls[i];
	}
	for (int try = 0; left > 0 && try < TRIES_MOST; try++) {
		if (try > 0 && !rota_any(&p->rota, clock_monotonic()))
			poll(NULL, 0, THROTTLED_MS);
		place_once(p, open, left);
		left = keep_open(p, open, left);
	}
	for (size_t i = 0; i < count; i++)
		calls[i].outcome = outcome_of(calls[i].answer.verdict);
	free(open);
}

/* looking */

/* Which account a call was placed by is not known any more: one after the other is asked. */
static void look_by(struct provider *p, size_t account, struct look *looks, size_t count)
{
	struct http_request *requests = mem_array(count, sizeof *requests);
	char **urls = mem_array(count, sizeof *urls);
	size_t asked = 0;
	char detail[ANSWER_DETAIL];

	for (size_t i = 0; i < count; i++) {
		if (looks[i].outcome != OUTCOME_NONE)
			continue;
		urls[asked] = mem_format("%s/%s/Calls/%s.json", p->base,
					 p->accounts.list[account].sid, looks[i].reference);
		requests[asked] = request_of(p, account, urls[asked], NULL);
		asked++;
	}
	http_run(p->http, requests, asked, p->settings->voice_timeout);
	for (size_t i = 0, at = 0; at < asked; i++) {
		if (looks[i].outcome != OUTCOME_NONE)
			continue;
		if (requests[at].end == HTTP_ANSWERED) {
			looks[i].outcome =
				answer_to_look(requests[at].status, buf_text(&requests[at].answer),
					       requests[at].answer.length, detail);
			snprintf(looks[i].detail, sizeof looks[i].detail, "%.90s", detail);
		}
		buf_free(&requests[at].answer);
		free(urls[at++]);
	}
	free(requests);
	free(urls);
}

void provider_look(struct provider *p, struct look *looks, size_t count)
{
	for (size_t i = 0; !p->null && i < p->accounts.count; i++)
		look_by(p, i, looks, count);
}
