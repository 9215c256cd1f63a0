#include "dispatcher/scheduler/group_counts.h"

#include "common/base/mem.h"

#include <stdlib.h>

static struct group_count *slot_of(struct group_count *slots, size_t room, int64_t group)
{
	size_t i = (size_t)((uint64_t)group * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (room - 1);

	while (slots[i].group && slots[i].group != group)
		i = (i + 1) & (room - 1);
	return &slots[i];
}

/* At most half full. */
static void grow(struct group_counts *c)
{
	size_t room = c->room ? c->room * 2 : 64;
	struct group_count *slots = mem_array(room, sizeof *slots);

	for (size_t i = 0; i < room; i++)
		slots[i] = (struct group_count){0};
	for (size_t i = 0; i < c->room; i++)
		if (c->slots[i].group)
			*slot_of(slots, room, c->slots[i].group) = c->slots[i];
	free(c->slots);
	c->slots = slots;
	c->room = room;
}

void group_counts_add(struct group_counts *c, int64_t broadcast, int64_t group, int64_t people,
		      int64_t answered)
{
	if (group == 0)
		return;
	if (c->used * 2 >= c->room)
		grow(c);
	struct group_count *slot = slot_of(c->slots, c->room, group);
	c->used += slot->group == 0;
	slot->broadcast = broadcast;
	slot->group = group;
	slot->people += people;
	slot->answered += answered;
}

enum store_status group_counts_store(struct group_counts *c, struct store *store)
{
	size_t count = 0;

	if (c->used == 0)
		return STORE_OK;
	for (size_t i = 0; i < c->room; i++)
		if (c->slots[i].group)
			c->slots[count++] = c->slots[i];
	enum store_status status = group_tally_add(store, c->slots, count);
	for (size_t i = 0; i < c->room; i++)
		c->slots[i] = (struct group_count){0};
	c->used = 0;
	return status;
}

void group_counts_free(struct group_counts *c)
{
	free(c->slots);
	*c = (struct group_counts){0};
}
