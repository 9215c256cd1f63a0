#include "workers/push/fcm.h"

#include "common/auth/jwt.h"
#include "common/base/keyfile.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#include <ctype.h>
#include <jansson.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

enum {
	ASKED_SECONDS = 3600,    /* the longest that Google allows */
	SPARE_MS = 5 * 60 * 1000 /* renewed so long before it runs out */
};

struct fcm {
	char *email, *token_url;
	EVP_PKEY *key;
	struct buf url, authorization;
	int64_t good_until; /* UTC milliseconds */
};

/* the file */

static EVP_PKEY *read_pem(const char *text)
{
	BIO *memory = BIO_new_mem_buf(text, -1);
	EVP_PKEY *key = NULL;
	char none[] = "";

	if (memory)
		key = PEM_read_bio_PrivateKey(memory, NULL, NULL, none);
	BIO_free(memory);
	if (key && EVP_PKEY_is_a(key, "RSA"))
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

/* It becomes a part of the URL. */
static bool is_project(const char *id)
{
	return *id && id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static struct fcm *read_account(const char *text, size_t length, const char *url)
{
	const char *project, *email, *pem, *token_url;
	json_t *json = json_loadb(text, length, 0, NULL);
	EVP_PKEY *key = NULL;
	struct fcm *fcm = NULL;
	bool whole = json && json_unpack(json, "{s:s, s:s, s:s, s:s}", "project_id", &project,
					 "client_email", &email, "private_key", &pem, "token_uri",
					 &token_url) == 0;

	if (whole && is_project(project))
		key = read_pem(pem);
	if (key) {
		fcm = mem_alloc(sizeof *fcm);
		fcm->key = key;
		fcm->email = mem_string(email);
		fcm->token_url = mem_string(token_url);
		buf_format(&fcm->url, "%s/v1/projects/%s/messages:send", url, project);
	}
	json_decref(json);
	return fcm;
}

struct fcm *fcm_open(const char *file, const char *url, struct buf *fault)
{
	struct buf text = {0};

	if (!keyfile_read(file, "see push.fcm_service_account", &text, fault))
		return NULL;
	struct fcm *fcm = read_account(text.data, text.length, url);
	keyfile_forget(&text);
	if (!fcm)
		buf_format(fault,
			   "%s: no service account (JSON with project_id, client_email, "
			   "private_key and token_uri); make a new key in the Firebase console",
			   file);
	return fcm;
}

void fcm_free(struct fcm *fcm)
{
	if (!fcm)
		return;
	EVP_PKEY_free(fcm->key);
	free(fcm->email);
	free(fcm->token_url);
	buf_free(&fcm->url);
	keyfile_forget(&fcm->authorization);
	free(fcm);
}

/* the token */

/* What becomes a header must not bring further ones. */
static bool is_token(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!isgraph((unsigned char)*p))
			return false;
	return *text != '\0';
}

static bool take_token(struct fcm *fcm, const struct buf *answer, int64_t now)
{
	const char *token = "";
	json_int_t seconds = 0;
	json_t *json = json_loadb(buf_text(answer), answer->length, 0, NULL);
	bool sound = json &&
		     json_unpack(json, "{s:s, s:I}", "access_token", &token, "expires_in",
				 &seconds) == 0 &&
		     is_token(token) && seconds > 0 && seconds <= 24 * 3600;

	if (sound) {
		buf_clear(&fcm->authorization);
		buf_format(&fcm->authorization, "Authorization: Bearer %s", token);
		fcm->good_until = now + seconds * 1000;
	}
	json_decref(json);
	return sound;
}

static void write_request(const struct fcm *fcm, int64_t now, struct buf *body)
{
	json_int_t seconds = now / 1000;

	buf_text_add(body, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
			   "&assertion=");
	jwt_sign(fcm->key,
		 json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", fcm->email, "scope",
			   "https://www.googleapis.com/auth/firebase.messaging", "aud",
			   fcm->token_url, "iat", seconds, "exp", seconds + ASKED_SECONDS),
		 body);
}

bool fcm_ready(struct fcm *fcm, struct http_client *client, int64_t now, int64_t timeout,
	       struct buf *why)
{
	struct buf body = {0};
	bool ready = fcm->authorization.length && now < fcm->good_until - SPARE_MS;

	if (ready)
		return true;
	write_request(fcm, now, &body);
	struct http_request request = {
		.url = fcm->token_url,
		.headers = {"Content-Type: application/x-www-form-urlencoded"},
		.body = body.data,
		.length = body.length,
	};
	http_run(client, &request, 1, timeout);
	ready = request.end == HTTP_ANSWERED && request.status == 200 &&
		take_token(fcm, &request.answer, now);
	if (!ready && request.end == HTTP_ANSWERED)
		buf_format(why,
			   "FCM gives no access token (status %d); is the service account "
			   "still good, and the clock right?",
			   request.status);
	else if (!ready)
		buf_format(why, "FCM gives no access token: %s", request.why);
	keyfile_forget(&body);
	keyfile_forget(&request.answer);
	return ready;
}

void fcm_forget_token(struct fcm *fcm)
{
	fcm->good_until = 0;
}

const char *fcm_url(const struct fcm *fcm)
{
	return buf_text(&fcm->url);
}

const char *fcm_authorization(const struct fcm *fcm)
{
	return buf_text(&fcm->authorization);
}
