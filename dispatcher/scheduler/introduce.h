#pragma once

/*
 * Tells the belt what workers need of a broadcast: its content, who has answered, whether it is
 * halted. Done before its first job on a connection, and again whenever its state changed.
 */

#include "dispatcher/scheduler/scheduler.h"

/* All runs that are not introduced. False: the belt or the store failed. */
MUST_USE bool introduce_runs(struct scheduler *s);
