#include "workers/contents.h"

#include "common/base/mem.h"

#include <stdlib.h>

enum { KEPT = 16 };

struct contents {
	struct content *ring[KEPT];
	size_t next;
};

struct contents *contents_new(void)
{
	return mem_alloc(sizeof(struct contents));
}

static void drop(struct content *content)
{
	if (content)
		content_free(content);
	free(content);
}

void contents_free(struct contents *contents)
{
	if (!contents)
		return;
	for (size_t i = 0; i < KEPT; i++)
		drop(contents->ring[i]);
	free(contents);
}

bool contents_get(struct contents *contents, struct claim *claim, int64_t broadcast,
		  const struct content **content)
{
	struct content *fetched;

	for (size_t i = 0; i < KEPT; i++) {
		*content = contents->ring[i];
		if (*content && (*content)->broadcast == broadcast)
			return true;
	}
	*content = NULL;
	if (!claim_content(claim, broadcast, &fetched))
		return false;
	if (fetched) {
		size_t place = contents->next++ % KEPT;
		drop(contents->ring[place]);
		contents->ring[place] = fetched;
	}
	*content = fetched;
	return true;
}
