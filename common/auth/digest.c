#include "common/auth/digest.h"

#include <sodium.h>

_Static_assert(DIGEST_TEXT == crypto_hash_sha256_BYTES * 2 + 1, "two digits a byte");

char *digest_text(const void *bytes, size_t length, char *text)
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, bytes, length);
	return sodium_bin2hex(text, DIGEST_TEXT, digest, sizeof digest);
}
