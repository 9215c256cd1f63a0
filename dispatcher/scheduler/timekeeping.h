#pragma once

/*
 * What is to come is stored by the wall clock, and somebody may set that: an administrator, or a
 * machine that learns the time only after it has started. Where it is set, everything that is to
 * come moves with it, so that a wait of five minutes stays one.
 */

#include "dispatcher/scheduler/scheduler.h"

/*
 * At the beginning of a turn, inside its transaction, with s->now and s->monotonic just read. Also
 * notices what happened while no scheduler ran, unless the machine was started anew in between.
 */
MUST_USE enum store_status timekeeping_turn(struct scheduler *s);
