#include "common/auth/p256.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdlib.h>

EVP_PKEY *p256_new(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	if (!key)
		abort(); /* out of memory, or no random numbers */
	return key;
}

EVP_PKEY *p256_from_public(const uint8_t bytes[P256_PUBLIC])
{
	char group[] = "P-256";
	OSSL_PARAM parts[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)bytes,
						  P256_PUBLIC),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	if (bytes[0] != POINT_CONVERSION_UNCOMPRESSED || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parts) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(context);
	return key;
}

void p256_public(const EVP_PKEY *key, uint8_t bytes[P256_PUBLIC])
{
	size_t length = 0;

	if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, bytes, P256_PUBLIC,
					    &length) != 1 ||
	    length != P256_PUBLIC)
		abort(); /* no key of this curve */
}

void p256_agree(EVP_PKEY *own, EVP_PKEY *other, uint8_t secret[P256_SECRET])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
	size_t length = P256_SECRET;

	/* Both are points of the curve, which is all that could be wrong. */
	if (EVP_PKEY_derive_init(context) != 1 || EVP_PKEY_derive_set_peer(context, other) != 1 ||
	    EVP_PKEY_derive(context, secret, &length) != 1 || length != P256_SECRET)
		abort();
	EVP_PKEY_CTX_free(context);
}
