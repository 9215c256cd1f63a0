#pragma once

/*
 * The fan-out: a delivery for each of a broadcast's people, in stretches of bounded time, so
 * that replies never wait long. How far it came is stored with each stretch.
 */

#include "dispatcher/scheduler/scheduler.h"

MUST_USE enum store_status fanout_go_on(struct scheduler *s);
