#include "common/auth/proof.h"

#include "common/base/base64url.h"
#include "common/base/buf.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum { PROOF_BYTES = 12 };
_Static_assert(PROOF_BYTES * 8 == PROOF_LENGTH * 6, "no bits are left over");

void proof_make(const char *token, int64_t attempt, char *text)
{
	struct buf message = {0}, encoded = {0};
	uint8_t whole[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	buf_format(&message, "tenko bounce %" PRId64, attempt);
	const uint8_t *done = HMAC(EVP_sha256(), token, (int)strlen(token),
				   (const uint8_t *)message.data, message.length, whole, &length);
	if (!done || length < PROOF_BYTES)
		abort(); /* out of memory, or a libcrypto without SHA-256 */
	base64url_encode(whole, PROOF_BYTES, &encoded);
	assert(encoded.length == PROOF_LENGTH);
	memcpy(text, encoded.data, PROOF_LENGTH + 1);
	buf_free(&message);
	buf_free(&encoded);
}

bool proof_check(const char *token, int64_t attempt, const char *text)
{
	char right[PROOF_LENGTH + 1];

	proof_make(token, attempt, right);
	return strlen(text) == PROOF_LENGTH && CRYPTO_memcmp(right, text, PROOF_LENGTH) == 0;
}
