#include "dispatcher/reply/http/seen.h"

#include "common/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 4096, SIGNATURE = 32 /* base64 of a SHA-1, and its end */ };

struct seen {
	char signature[KEPT][SIGNATURE];
	size_t next; /* the oldest, which makes room */
};

struct seen *seen_new(void)
{
	return mem_alloc(sizeof(struct seen));
}

void seen_free(struct seen *seen)
{
	free(seen);
}

bool seen_before(struct seen *seen, const char *signature)
{
	for (size_t i = 0; i < KEPT; i++)
		if (strcmp(seen->signature[i], signature) == 0)
			return true;
	snprintf(seen->signature[seen->next], SIGNATURE, "%s", signature);
	seen->next = (seen->next + 1) % KEPT;
	return false;
}
