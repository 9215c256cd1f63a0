#include "common/text/url.h"

#include "common/base/mem.h"

#include <string.h>

char *url_base(const char *url)
{
	size_t length = strlen(url);

	while (length > 0 && url[length - 1] == '/')
		length--;
	return mem_copy(url, length);
}

void url_encode(struct buf *out, const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	for (; *text; text++) {
		if (strchr(plain, *text))
			buf_char(out, *text);
		else
			buf_format(out, "%%%02X", (unsigned char)*text);
	}
}
