#pragma once

/*
 * Wrong links and wrong tokens, counted by source and over all, so that who tries them one after
 * the other is told to wait. Each limit is a bucket that holds a minute's worth and fills steadily.
 *
 * A right link is served whatever its source did before: behind one address there may be a whole
 * carrier, and somebody's answer must not hang on what a neighbour does. It is the tag's 96 bits
 * that make guessing hopeless; the limit keeps who tries it from costing us work and log lines.
 *
 * The table has a fixed size; where it is full the source that has been quiet for longest is
 * forgotten. Who changes sources faster than that meets the limit over all.
 */

#include "common/base/must.h"
#include "dispatcher/reply/http/source.h"
#include <stdint.h>

struct guesses;

struct guesses *guesses_new(void);
void guesses_free(struct guesses *guesses);

/*
 * Takes note of a wrong one at `now` (monotonic milliseconds). `each` and `all` are the limits, in a
 * minute; 0: none. 0, or how many seconds the source has to wait.
 */
MUST_USE int64_t guesses_note(struct guesses *guesses, const struct source *source, int64_t now,
			      int64_t each, int64_t all);
