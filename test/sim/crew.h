#pragma once

/* What the workers do, and what happens to the queue that they and the scheduler share. */

#include "test/sim/world.h"

/* Up to `most` jobs, if it is idle; one that is dead is started again. */
void crew_claim(struct world *w, struct worker *worker, int most);
/*
 * The next that is not dealt with; how it ends is thrown. Where the channel is down all that are left
 * are not tried. `look_again`: at the stop marks, first.
 */
void crew_deliver(struct world *w, struct worker *worker, int dice, bool look_again);

/* Late: not before the worker next takes jobs, as its connection broke. */
enum reporting { REPORT_ONCE, REPORT_TWICE, REPORT_LATE };

/* The batch, once all of it is dealt with. */
void crew_report(struct world *w, struct worker *worker, enum reporting how);
void crew_report_all(struct world *w, struct worker *worker); /* what it did lately, again */
void crew_die(struct world *w, struct worker *worker);

void queue_empty(struct world *w);
void queue_put_back(struct world *w, const struct queue_twin *with);
void queue_lose_result(struct world *w, int which);
void queue_swap_results(struct world *w, int which);
