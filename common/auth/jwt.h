#pragma once

/* JSON Web Tokens (RFC 7519), signed: ES256 with a key of P-256, RS256 with an RSA key (RFC 7518). */

#include "common/base/buf.h"
#include <jansson.h>
#include <openssl/types.h>

/* Appends the token. Takes the reference to the claims. */
void jwt_sign(EVP_PKEY *key, json_t *claims, struct buf *out);
