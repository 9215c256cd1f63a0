#pragma once

/*
 * Reply tokens: who may answer what, in a link short enough for one mail line. Valid or not
 * without any look-up:
 *
 *	base64url( key id (1 byte) | broadcast (4) | person (4) | tag (12) )     28 characters
 *
 * The tag is the first 96 bits of HMAC-SHA-256 (RFC 2104) over "tenko reply" and the nine bytes
 * before it. Numbers are big-endian. base64url is that of RFC 4648 section 5, without padding.
 *
 * A call token says the same of one telephone call: it stands in the addresses that the provider
 * fetches the call's script from and reports its end to. In place of broadcast and person it has the
 * attempt (8 bytes), and its tag is over "tenko call": neither kind passes for the other.
 *
 * The keys live in one file (0600), newest first; a token names its key by id, so that a key can
 * be replaced while the links of the old one are still good.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stdint.h>

enum { TOKEN_LENGTH = 28 };

struct token_keys; /* for one thread at a time: each key's set-up is used again */

/* Makes the file with one fresh key, mode 0600. False, with a sentence in `fault`. */
MUST_USE bool token_keys_create(const char *file, struct buf *fault);

/*
 * Reads the file; refuses one that others than its owner may read. NULL, with a sentence in
 * `fault` that names the file and what to do.
 */
MUST_USE struct token_keys *token_keys_load(const char *file, struct buf *fault);
void token_keys_free(struct token_keys *keys); /* wiped first */

/* Writes TOKEN_LENGTH characters and a NUL. Ids must be 1 to 2^32-1 (asserted). */
void token_make(const struct token_keys *keys, int64_t broadcast, int64_t person, char *text);

/* Takes the same time for every text of the right length. */
MUST_USE bool token_check(const struct token_keys *keys, const char *text, int64_t *broadcast,
			  int64_t *person);

/* The same for calls. The attempt's id must be positive (asserted). */
void token_make_call(const struct token_keys *keys, int64_t attempt, char *text);
MUST_USE bool token_check_call(const struct token_keys *keys, const char *text, int64_t *attempt);
