#pragma once

/*
 * Drills that come again by themselves: each that is due becomes a broadcast, in the transaction
 * that says when it is due next, so that it is asked for once however often we are killed. One that
 * was due while nothing ran is made up for within the hour; after that it is left out.
 */

#include "dispatcher/feed/feed.h"

/* Looks at those that are due, and at when the next will be. False: the store failed. */
MUST_USE bool drills_look(struct feed *feed);
