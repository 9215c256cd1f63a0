#pragma once

/* What stands for bytes that have no name of their own: SHA-256 in hexadecimal. */

#include <stddef.h>

enum { DIGEST_TEXT = 65 };

/* Returns `text`, which holds DIGEST_TEXT bytes. */
char *digest_text(const void *bytes, size_t length, char *text);
