#pragma once

/* base64url (RFC 4648 section 5), without padding: how keys and tokens are written in web standards. */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>

void base64url_encode(const void *bytes, size_t length, struct buf *out);

/*
 * Decodes a text that stands for exactly `length` bytes. False: it does not, or holds other
 * characters; padding at the end is passed over.
 */
MUST_USE bool base64url_decode(const char *text, void *bytes, size_t length);
