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
