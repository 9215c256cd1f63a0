#pragma once

/* Keys of the curve P-256, as web push uses them: to sign, and to agree on a secret. */

#include "common/base/must.h"
#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>

enum { P256_PUBLIC = 65, P256_SECRET = 32 }; /* bytes: 04 | x | y (uncompressed), and the secret */

/* A fresh pair. Without random numbers the process dies. EVP_PKEY_free() frees. */
MUST_USE EVP_PKEY *p256_new(void);

/* NULL: the bytes are no point of the curve. */
MUST_USE EVP_PKEY *p256_from_public(const uint8_t bytes[P256_PUBLIC]);

void p256_public(const EVP_PKEY *key, uint8_t bytes[P256_PUBLIC]);

/* ECDH: the secret that both sides come to. */
void p256_agree(EVP_PKEY *own, EVP_PKEY *other, uint8_t secret[P256_SECRET]);
