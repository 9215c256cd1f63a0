#include "common/auth/proof.h"

#include "common/base/base64url.h"
#include "common/base/buf.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { PROOF_BYTES = 12, WHOLE_BYTES = 32 };
_Static_assert(PROOF_BYTES * 8 == PROOF_LENGTH * 6, "no bits are left over");

static EVP_MAC_CTX *context_new(void)
{
	char digest[] = "SHA256";
	const OSSL_PARAM of[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	if (!context || !EVP_MAC_CTX_set_params(context, of))
		abort(); /* out of memory, or a libcrypto without SHA-256 */
	return context;
}

/* HMAC-SHA-256 by a context that is kept, as making one costs more than using it. */
static void sign(const char *key, const struct buf *message, uint8_t result[WHOLE_BYTES])
{
	static EVP_MAC_CTX *context;
	size_t size = 0;

	if (!context)
		context = context_new();
	if (!EVP_MAC_init(context, (const uint8_t *)key, strlen(key), NULL) ||
	    !EVP_MAC_update(context, (const uint8_t *)message->data, message->length) ||
	    !EVP_MAC_final(context, result, &size, WHOLE_BYTES) || size != WHOLE_BYTES)
		abort();
}

void proof_make(const char *token, int64_t attempt, char *text)
{
	struct buf message = {0}, encoded = {0};
	uint8_t whole[WHOLE_BYTES];

	buf_text_add(&message, "tenko bounce ");
	buf_number(&message, attempt);
	sign(token, &message, whole);
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
