#pragma once

/*
 * What must be true, whatever befalls the scheduler. It looks on at the twins and at the workers,
 * knows nothing of the scheduler's own reasoning, and keeps the first fault it sees.
 *
 *	at every commit  the counters are the rows counted again; a delivery fits its attempt, its
 *	                 reply is the newest taken in; pacing knows how many are out; a broadcast is
 *	                 in the state that was asked for
 *	at every try     nobody who replied, nothing paused or called off, not before its time, in the
 *	                 dial order but for outages, one call a number, no more than the window
 *	at every send    at most once, and again only as often as a named window allows
 *	after every turn what is out stands in the queue, who answered has their stop mark
 *	at the end       everything has ended, and every address was tried of who did not answer
 */

#include "test/sim/store_twin.h"

struct world;

void model_fault(struct world *w, const char *fault);

/* In the scheduler's transaction. */
void model_moves(struct world *w, const struct delivery *from, const struct delivery *to);
void model_tries(struct world *w, const struct twin_attempt *a);
void model_committed(struct world *w);

void model_makes_anew(struct world *w, enum channel channel, int lane);
void model_hands_over(struct world *w, int64_t attempt);
void model_stands(struct world *w, enum channel channel, int lane, int64_t attempt); /* on it */
void model_turned(struct world *w); /* well, and with the belt as the scheduler left it */
void model_ended(struct world *w);

/* A worker sends a message or places a call; `arrives`: the other side may have it now. */
void model_sends(struct world *w, int64_t attempt, bool arrives);
