#pragma once

/*
 * Mail that came back: facts that change how an attempt ended after the relay had taken it. A
 * bounce that comes before the worker's word ends the attempt; one of an attempt that never got to
 * a relay changes nothing.
 */

#include "dispatcher/scheduler/scheduler.h"

/* Takes in what readers of bounces appended. */
MUST_USE enum store_status bounces_take(struct scheduler *s);
