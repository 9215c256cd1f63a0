#pragma once

/*
 * tenko-feed as a whole. It is the only writer of events and decisions, so a second one on the same
 * data waits. What others append as telegrams (hooks, `tenko feed inject`) it takes in whether or
 * not feeds are fetched.
 *
 * Fatal at the start: rules or area tables that cannot be read. On SIGHUP settings and rules are
 * read again; where the rules are at fault, those in use stay.
 */

#include "common/base/must.h"
#include "common/conf/settings.h"

/* Runs until it is told to end; the exit code. The settings stay the caller's. */
MUST_USE int loop_run(struct settings *settings);
