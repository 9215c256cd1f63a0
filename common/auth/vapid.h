#pragma once

/*
 * Who we are to a push service (VAPID, RFC 8292): one key pair of P-256. Its public half goes into
 * every subscription, so that only we can push to it: a new key makes all subscriptions worthless.
 *
 * It lives in a file of its own (PEM, PKCS #8, mode 0600), DIR/vapid.key unless
 * push.vapid_key_file names another.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/conf/settings.h"
#include <stdbool.h>
#include <stdint.h>

struct vapid;

/* The file that the settings name; the caller frees. */
MUST_USE char *vapid_file(const struct settings *settings);

/* Makes the file with a fresh key. False, with a sentence in `fault`. */
MUST_USE bool vapid_create(const char *file, struct buf *fault);

/* NULL, with a sentence in `fault` that names the file and what to do. */
MUST_USE struct vapid *vapid_load(const char *file, struct buf *fault);
void vapid_free(struct vapid *vapid);

/* The public key, as browsers take it: base64url of the uncompressed point, 87 characters. */
const char *vapid_public(const struct vapid *vapid);

/*
 * Appends the value of the Authorization header for a push service. `origin` is that of the
 * endpoint ("https://push.example.net"), `contact` a mailto: or https: address or empty,
 * `now` UTC milliseconds. Good for twelve hours.
 */
void vapid_authorize(const struct vapid *vapid, const char *origin, const char *contact,
		     int64_t now, struct buf *out);
