#pragma once

/*
 * SHA-256 (FIPS 180-4) over a series of values. Each text carries its length, so that two series
 * give the same digest only where every value is the same. The context is used again and again: one
 * digest costs no allocation.
 */

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_BYTES = 32, DIGEST_TEXT = 2 * DIGEST_BYTES + 1 };

struct digest;

struct digest *digest_new(void);
void digest_free(struct digest *digest); /* NULL is allowed */

void digest_begin(struct digest *digest);
void digest_bytes(struct digest *digest, const void *bytes, size_t length); /* as they are */
void digest_number(struct digest *digest, int64_t number); /* 8 bytes, big-endian */
/* The length (4 bytes, big-endian), then the bytes. */
void digest_text(struct digest *digest, const char *text, size_t length);
void digest_end(struct digest *digest, uint8_t result[DIGEST_BYTES]);

/* The first `bytes` as small hexadecimal digits, with a NUL: 2 * bytes + 1 characters. */
char *digest_hex(const uint8_t *result, size_t bytes, char *text);

/* All of it at once: what stands for bytes that have no name of their own. DIGEST_TEXT characters. */
char *digest_name(const void *bytes, size_t length, char *text);
