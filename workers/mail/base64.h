#pragma once

/* Base64 (RFC 4648, section 4) into room that is there already. */

#include <stddef.h>

/* Writes four characters for each three bytes that were begun; where the text goes on after. */
char *base64_put(char *to, const char *bytes, size_t length);
