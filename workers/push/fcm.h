#pragma once

/*
 * Access to FCM (HTTP v1) with a service account: a token that is fetched when it is needed, with
 * a signed JWT (RFC 7523), and again before it runs out.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/net/http_client.h"
#include <stdbool.h>
#include <stdint.h>

struct fcm;

/*
 * `file` is the service account as Google's console gives it, `url` where FCM is. NULL, with a
 * sentence in `fault` that names the file and what to do.
 */
MUST_USE struct fcm *fcm_open(const char *file, const char *url, struct buf *fault);
void fcm_free(struct fcm *fcm);

/*
 * Fetches a token if there is none that lasts. False, with a sentence in `why`: FCM cannot be used
 * now. `now` UTC milliseconds, `timeout` milliseconds.
 */
MUST_USE bool fcm_ready(struct fcm *fcm, struct http_client *client, int64_t now, int64_t timeout,
			struct buf *why);

/* The token was not accepted: the next fcm_ready() fetches another. */
void fcm_forget_token(struct fcm *fcm);

/* Where messages go, and "Authorization: Bearer ..." for them. */
const char *fcm_url(const struct fcm *fcm);
const char *fcm_authorization(const struct fcm *fcm);
