#include "common/auth/jwt.h"

#include "common/base/base64url.h"
#include "common/base/mem.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { ES256_HALF = 32 }; /* bytes of r and of s */

/* OpenSSL gives r and s in DER, a token has them side by side (RFC 7518, section 3.4). */
static void add_es256(const unsigned char *der, size_t length, struct buf *out)
{
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)length);
	unsigned char raw[2 * ES256_HALF];

	if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, ES256_HALF) < 0 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + ES256_HALF, ES256_HALF) < 0)
		abort(); /* out of memory */
	base64url_encode(raw, sizeof raw, out);
	ECDSA_SIG_free(pair);
}

static void add_signature(EVP_PKEY *key, const char *text, size_t length, struct buf *out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = (size_t)EVP_PKEY_get_size(key);
	unsigned char *signature = mem_alloc(size);

	if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(context, signature, &size, (const unsigned char *)text, length) != 1)
		abort(); /* out of memory, or a key that cannot sign */
	if (EVP_PKEY_is_a(key, "EC"))
		add_es256(signature, size, out);
	else
		base64url_encode(signature, size, out);
	free(signature);
	EVP_MD_CTX_free(context);
}

void jwt_sign(EVP_PKEY *key, json_t *claims, struct buf *out)
{
	const char *head = EVP_PKEY_is_a(key, "EC") ? "{\"typ\":\"JWT\",\"alg\":\"ES256\"}"
						    : "{\"typ\":\"JWT\",\"alg\":\"RS256\"}";
	char *text = claims ? json_dumps(claims, JSON_COMPACT) : NULL;
	struct buf token = {0};

	if (!text)
		abort(); /* out of memory, or texts that are not UTF-8 */
	base64url_encode(head, strlen(head), &token);
	buf_char(&token, '.');
	base64url_encode(text, strlen(text), &token);
	size_t length = token.length;
	buf_char(&token, '.');
	add_signature(key, token.data, length, &token);
	buf_add(out, token.data, token.length);
	buf_free(&token);
	free(text);
	json_decref(claims);
}
