#pragma once

/*
 * Encryption for web push (RFC 8291): only the browser that made the subscription can read what the
 * push service carries. One record of the content coding aes128gcm (RFC 8188), with a key pair and a
 * salt of its own each time.
 */

#include "common/auth/p256.h"
#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WEBPUSH_SECRET = 16, /* bytes */
	WEBPUSH_SALT = 16,
	WEBPUSH_MOST = 3993, /* bytes of a message (RFC 8291, section 4) */
};

/* The browser's side of a subscription. */
struct webpush_keys {
	EVP_PKEY *key;
	uint8_t public[P256_PUBLIC];
	uint8_t secret[WEBPUSH_SECRET];
};

/* From p256dh and auth as a browser gives them. False: they are no such keys. */
MUST_USE bool webpush_keys_read(const char *p256dh, const char *auth, struct webpush_keys *keys);
void webpush_keys_clear(struct webpush_keys *keys);

/* Appends the body of the request. `length` is at most WEBPUSH_MOST (asserted). */
void webpush_seal(const struct webpush_keys *keys, const void *text, size_t length,
		  struct buf *out);

/* The same with a given key pair and salt, for the examples of the specification. */
void webpush_seal_with(const struct webpush_keys *keys, EVP_PKEY *own,
		       const uint8_t salt[WEBPUSH_SALT], const void *text, size_t length,
		       struct buf *out);
