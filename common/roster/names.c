#include "common/roster/names.h"

#include "common/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 18, FIRST_SLOTS = 256 };

/* Texts lie one behind another in large blocks. */
struct names_block {
	struct names_block *next;
	char bytes[];
};

/* FNV-1a; the caller's own files are no attack on it, and a chain is only slow. */
static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h ^ h >> 15;
}

/* The slot that holds the text, or the empty one where it belongs. */
static uint32_t *slot_of(const struct names *names, const char *text)
{
	uint32_t mask = names->slots - 1;

	for (uint32_t i = hash(text) & mask;; i = (i + 1) & mask) {
		uint32_t *slot = &names->slot[i];
		if (!*slot || strcmp(names->text[*slot - 1], text) == 0)
			return slot;
	}
}

int32_t names_find(const struct names *names, const char *text)
{
	if (!names->count)
		return NAME_UNKNOWN;
	return (int32_t)*slot_of(names, text) - 1;
}

static const char *keep(struct names *names, const char *text)
{
	size_t size = strlen(text) + 1;

	if (size > names->block_left) {
		size_t room = size > BLOCK ? size : BLOCK;
		struct names_block *block = mem_alloc(sizeof *block + room);
		block->next = names->blocks;
		names->blocks = block;
		names->block_left = room;
	}
	/* Filled from the end, so that what is left says where. */
	names->block_left -= size;
	return memcpy(names->blocks->bytes + names->block_left, text, size);
}

static void grow(struct names *names)
{
	names->room = names->room ? names->room * 2 : FIRST_SLOTS / 2;
	names->text = mem_resize(names->text, (size_t)names->room, sizeof *names->text);
	names->slots = (uint32_t)names->room * 2;
	free(names->slot);
	names->slot = mem_array(names->slots, sizeof *names->slot);
	for (int32_t i = 0; i < names->count; i++)
		*slot_of(names, names->text[i]) = (uint32_t)i + 1;
}

int32_t names_add(struct names *names, const char *text)
{
	if (names->count == names->room) {
		assert(names->room < 1 << 29);
		grow(names);
	}
	uint32_t *slot = slot_of(names, text);
	if (!*slot) {
		names->text[names->count++] = keep(names, text);
		*slot = (uint32_t)names->count;
	}
	return (int32_t)*slot - 1;
}

void names_free(struct names *names)
{
	while (names->blocks) {
		struct names_block *block = names->blocks;
		names->blocks = block->next;
		free(block);
	}
	free(names->text);
	free(names->slot);
	*names = (struct names){0};
}
