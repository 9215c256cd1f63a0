#pragma once

/*
 * What a turn does to the belt once it is committed. All of it may be lost: stop marks are made
 * anew when the belt is compared with the store, jobs are handed over again by the same.
 */

#include "common/queue/belt.h"
#include "common/store/delivery.h"
#include <stddef.h>
#include <stdint.h>

struct scheduler;

struct stop_effect {
	int64_t broadcast, ordinal;
	int64_t answered_at; /* the answer that stopped the chain; 0: it had stopped before */
};

struct look_effect {
	int64_t attempt;
	char reference[REFERENCE_MOST + 1];
};

struct effects {
	struct stop_effect *stops;
	size_t stop_count, stop_room;
	struct look_effect *looks;
	size_t look_count, look_room;
	struct parcel jobs;
	int64_t sent[CHANNEL_END][LANES]; /* newest attempt that Redis was sent, unsettled; or 0 */
};

void effects_stop(struct effects *effects, int64_t broadcast, int64_t ordinal);
/* The newest stop is for an answer of that time: how long it took is measured. */
void effects_stop_began(struct effects *effects, int64_t answered_at);
void effects_look(struct effects *effects, int64_t attempt, const char *reference);
void effects_clear(struct effects *effects); /* what was not sent; keeps the memory */
void effects_free(struct effects *effects);

/*
 * After the commit. Redis works on what it is sent while the next turn is under way: the answers are
 * read before more is sent, or by effects_settle(), which notes in s->marks what stands on the belt.
 * False: the belt broke, or did not take something.
 */
MUST_USE bool effects_carry_out(struct scheduler *s);
MUST_USE bool effects_settle(struct scheduler *s);
