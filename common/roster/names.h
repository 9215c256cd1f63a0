#pragma once

/*
 * A set of texts, numbered from 0 in the order they were added; a million cost about 32 bytes
 * each beside the text itself.
 */

#include "common/base/must.h"
#include <stddef.h>
#include <stdint.h>

enum { NAME_UNKNOWN = -1 };

struct names {
	const char **text; /* by number */
	int32_t count;

	int32_t room;
	struct names_slot *slot; /* open addressing */
	uint32_t slots;          /* a power of two */
	struct names_block *blocks;
	size_t block_left;
};

MUST_USE int32_t names_find(const struct names *names, const char *text);
/* The text's number, whether it is new or not. Copied. */
int32_t names_add(struct names *names, const char *text);
void names_free(struct names *names);
