#pragma once

/*
 * Takes in the facts that others appended: broadcasts asked for, controls, replies. Each kind
 * has a cursor that moves in the transaction that acts on it, so that reading twice changes
 * nothing.
 */

#include "dispatcher/scheduler/scheduler.h"

MUST_USE enum store_status intake_requests(struct scheduler *s);
MUST_USE enum store_status intake_controls(struct scheduler *s);
MUST_USE enum store_status intake_replies(struct scheduler *s);
