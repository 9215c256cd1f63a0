#pragma once

/* The forecasts of broadcasts that nobody asked for by hand. */

#include "dispatcher/feed/feed.h"

/*
 * Keeps how long their chains will take for all open broadcasts of which that is not kept yet. After
 * the broadcast is committed and the scheduler knows: nothing waits for it, and where it fails the log
 * says so and the next call makes good.
 */
void foresee(struct feed *feed);
