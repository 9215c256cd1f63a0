#include "common/base/digest.h"

#include "common/base/mem.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* Values are short and many: they are handed on by the piece. */
enum { PIECE = 512 };

struct digest {
	EVP_MD_CTX *context;
	size_t length;
	uint8_t piece[PIECE];
};

/* The library fails here for want of memory only. */
static void must(int done)
{
	if (done != 1)
		abort();
}

struct digest *digest_new(void)
{
	struct digest *digest = mem_alloc(sizeof *digest);

	digest->context = EVP_MD_CTX_new();
	must(digest->context && EVP_DigestInit_ex2(digest->context, EVP_sha256(), NULL));
	return digest;
}

void digest_free(struct digest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->context);
	free(digest);
}

void digest_begin(struct digest *digest)
{
	must(EVP_DigestInit_ex2(digest->context, NULL, NULL)); /* the same algorithm again */
	digest->length = 0;
}

static void hand_on(struct digest *digest)
{
	must(EVP_DigestUpdate(digest->context, digest->piece, digest->length));
	digest->length = 0;
}

void digest_bytes(struct digest *digest, const void *bytes, size_t length)
{
	if (length > PIECE - digest->length)
		hand_on(digest);
	if (length > PIECE) {
		must(EVP_DigestUpdate(digest->context, bytes, length));
		return;
	}
	if (length > 0)
		memcpy(digest->piece + digest->length, bytes, length);
	digest->length += length;
}

static void put_big_endian(uint64_t number, uint8_t *bytes, size_t count)
{
	for (size_t i = count; i-- > 0; number >>= 8)
		bytes[i] = (uint8_t)number;
}

void digest_number(struct digest *digest, int64_t number)
{
	uint8_t bytes[8];

	put_big_endian((uint64_t)number, bytes, sizeof bytes);
	digest_bytes(digest, bytes, sizeof bytes);
}

void digest_text(struct digest *digest, const char *text, size_t length)
{
	uint8_t bytes[4];

	put_big_endian(length, bytes, sizeof bytes);
	digest_bytes(digest, bytes, sizeof bytes);
	digest_bytes(digest, text, length);
}

void digest_end(struct digest *digest, uint8_t result[DIGEST_BYTES])
{
	hand_on(digest);
	must(EVP_DigestFinal_ex(digest->context, result, NULL));
}

char *digest_hex(const uint8_t *result, size_t bytes, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes; i++) {
		text[2 * i] = digits[result[i] >> 4];
		text[2 * i + 1] = digits[result[i] & 15];
	}
	text[2 * bytes] = '\0';
	return text;
}

char *digest_name(const void *bytes, size_t length, char *text)
{
	struct digest *digest = digest_new();
	uint8_t result[DIGEST_BYTES];

	digest_begin(digest);
	digest_bytes(digest, bytes, length);
	digest_end(digest, result);
	digest_free(digest);
	return digest_hex(result, DIGEST_BYTES, text);
}
