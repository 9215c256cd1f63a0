#include "workers/mail/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_put(char *to, const char *bytes, size_t length)
{
	const unsigned char *from = (const unsigned char *)bytes;

	for (; length >= 3; length -= 3, from += 3) {
		*to++ = digits[from[0] >> 2];
		*to++ = digits[(from[0] & 3) << 4 | from[1] >> 4];
		*to++ = digits[(from[1] & 15) << 2 | from[2] >> 6];
		*to++ = digits[from[2] & 63];
	}
	if (length == 0)
		return to;
	unsigned second = length == 2 ? from[1] : 0;
	*to++ = digits[from[0] >> 2];
	*to++ = digits[(from[0] & 3) << 4 | second >> 4];
	*to++ = length == 2 ? digits[(second & 15) << 2] : '=';
	*to++ = '=';
	return to;
}
