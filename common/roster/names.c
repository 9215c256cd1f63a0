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

/* The hash saves a look at the text, which lies elsewhere in memory. */
struct names_slot {
	uint32_t hash;
	uint32_t number; /* + 1; 0: empty */
};

/* FNV-1a; the files are the admin's own and no attack on it. */
static uint32_t hash_of(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h ^ h >> 15;
}

/* The slot that holds the text, or the empty one where it belongs. */
static struct names_slot *slot_of(const struct names *names, const char *text, uint32_t hash)
{
	uint32_t mask = names->slots - 1;

	for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
		struct names_slot *slot = &names->slot[i];
		if (!slot->number ||
		    (slot->hash == hash && strcmp(names->text[slot->number - 1], text) == 0))
			return slot;
	}
}

int32_t names_find(const struct names *names, const char *text)
{
	if (!names->count)
		return NAME_UNKNOWN;
	return (int32_t)slot_of(names, text, hash_of(text))->number - 1;
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

static void move_slots(struct names *names, const struct names_slot *old, uint32_t count)
{
	uint32_t mask = names->slots - 1;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t to = old[i].hash & mask;
		if (!old[i].number)
			continue;
		while (names->slot[to].number)
			to = (to + 1) & mask;
		names->slot[to] = old[i];
	}
}

static void grow(struct names *names)
{
	struct names_slot *old = names->slot;
	uint32_t count = names->slots;

	names->room = names->room ? names->room * 2 : FIRST_SLOTS / 2;
	names->text = mem_resize(names->text, (size_t)names->room, sizeof *names->text);
	names->slots = (uint32_t)names->room * 2;
	names->slot = mem_array(names->slots, sizeof *names->slot);
	move_slots(names, old, count);
	free(old);
}

int32_t names_add(struct names *names, const char *text)
{
	uint32_t hash = hash_of(text);

	if (names->count == names->room) {
		assert(names->room < 1 << 29);
		grow(names);
	}
	struct names_slot *slot = slot_of(names, text, hash);
	if (!slot->number) {
		names->text[names->count++] = keep(names, text);
		*slot = (struct names_slot){hash, (uint32_t)names->count};
	}
	return (int32_t)slot->number - 1;
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
