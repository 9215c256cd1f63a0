#pragma once

/* The scheduler's process: what its loop does (dispatcher/scheduler/loop.c), one call at a time. */

#include "test/sim/world.h"

void process_start(struct world *w); /* unless it runs; it may be dead again behind it */
void process_turn(struct world *w);
void process_look(struct world *w); /* at the belt */
void process_bury(struct world *w); /* its memory is gone, the store is as it was committed */
