#include "workers/contents.h"

#include "common/base/clock.h"
#include "common/base/mem.h"

#include <stdlib.h>

enum { AGE_MOST_MS = 60000 };

struct contents {
	struct kept {
		struct content *content;
		int64_t at; /* monotonic: when it was fetched */
	} *list;
	size_t count;
};

struct contents *contents_new(void)
{
	return mem_alloc(sizeof(struct contents));
}

static void drop(struct content *content)
{
	content_free(content);
	free(content);
}

void contents_free(struct contents *contents)
{
	if (!contents)
		return;
	for (size_t i = 0; i < contents->count; i++)
		drop(contents->list[i].content);
	free(contents->list);
	free(contents);
}

bool contents_get(struct contents *contents, struct claim *claim, int64_t broadcast,
		  const struct content **content)
{
	struct content *fetched;

	for (size_t i = 0; i < contents->count; i++) {
		*content = contents->list[i].content;
		if ((*content)->broadcast == broadcast)
			return true;
	}
	*content = NULL;
	if (!claim_content(claim, broadcast, &fetched))
		return false;
	if (fetched) {
		contents->list =
			mem_resize(contents->list, contents->count + 1, sizeof *contents->list);
		contents->list[contents->count++] =
			(struct kept){.content = fetched, .at = clock_monotonic()};
	}
	*content = fetched;
	return true;
}

void contents_tidy(struct contents *contents)
{
	int64_t oldest = clock_monotonic() - AGE_MOST_MS;
	size_t kept = 0;

	for (size_t i = 0; i < contents->count; i++) {
		if (contents->list[i].at < oldest)
			drop(contents->list[i].content);
		else
			contents->list[kept++] = contents->list[i];
	}
	contents->count = kept;
}
