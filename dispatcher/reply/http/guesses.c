#include "dispatcher/reply/http/guesses.h"

#include "common/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4096, NEAR = 8 /* slots looked at for a source */, MINUTE = 60000 };

/* Counted in milliseconds times the limit, so that it fills by whole numbers. */
struct bucket {
	int64_t used, at;
};

struct guesses {
	struct bucket all;
	struct {
		struct source source;
		struct bucket bucket;
	} slot[SLOTS];
};

struct guesses *guesses_new(void)
{
	return mem_alloc(sizeof(struct guesses));
}

void guesses_free(struct guesses *guesses)
{
	free(guesses);
}

/* Seconds to wait, rounded up; 0: there was room. */
static int64_t take(struct bucket *bucket, int64_t now, int64_t limit)
{
	int64_t passed = now - bucket->at < MINUTE ? now - bucket->at : MINUTE;

	bucket->used -= passed * limit;
	if (bucket->used < 0)
		bucket->used = 0;
	bucket->at = now;
	int64_t over = bucket->used + MINUTE - limit * MINUTE;
	if (over <= 0) {
		bucket->used += MINUTE;
		return 0;
	}
	return (over + limit * 1000 - 1) / (limit * 1000);
}

/* The source's own bucket; else the one near by that was used longest ago, emptied. */
static struct bucket *bucket_of(struct guesses *guesses, const struct source *source)
{
	uint32_t first = source_slot(source, SLOTS), oldest = first;

	for (uint32_t i = 0; i < NEAR; i++) {
		uint32_t at = (first + i) % SLOTS;
		if (memcmp(&guesses->slot[at].source, source, sizeof *source) == 0)
			return &guesses->slot[at].bucket;
		if (guesses->slot[at].bucket.at < guesses->slot[oldest].bucket.at)
			oldest = at;
	}
	guesses->slot[oldest].source = *source;
	guesses->slot[oldest].bucket = (struct bucket){0};
	return &guesses->slot[oldest].bucket;
}

int64_t guesses_note(struct guesses *guesses, const struct source *source, int64_t now,
		     int64_t each, int64_t all)
{
	int64_t wait = each ? take(bucket_of(guesses, source), now, each) : 0;

	if (wait || !all)
		return wait;
	return take(&guesses->all, now, all);
}
