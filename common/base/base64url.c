#include "common/base/base64url.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_encode(const void *bytes, size_t length, struct buf *out)
{
	const uint8_t *at = bytes;
	unsigned held = 0;
	int bits = 0;

	for (size_t i = 0; i < length; i++) {
		held = held << 8 | at[i];
		for (bits += 8; bits >= 6; bits -= 6)
			buf_char(out, digits[held >> (bits - 6) & 63]);
	}
	if (bits > 0)
		buf_char(out, digits[held << (6 - bits) & 63]);
}

bool base64url_decode(const char *text, void *bytes, size_t length)
{
	size_t characters = strcspn(text, "="), done = 0;
	uint8_t *to = bytes;
	unsigned held = 0;
	int bits = 0;

	if (characters != (length * 8 + 5) / 6 || strspn(text + characters, "=") > 2 ||
	    text[characters + strspn(text + characters, "=")])
		return false;
	for (size_t i = 0; i < characters; i++) {
		const char *digit = strchr(digits, text[i]);
		if (!digit)
			return false;
		held = (held << 6 | (unsigned)(digit - digits)) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			to[done++] = (uint8_t)(held >> bits);
		}
	}
	return (held & ((1u << bits) - 1)) == 0;
}
