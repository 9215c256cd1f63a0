#pragma once

/*
 * GET /stats.json, for monitoring, since this process started: replies recorded and requests by
 * status; and as of now: the newest broadcasts with the figures of `tenko status --json`, the
 * queue (null where Redis cannot be reached), connections. Open to loopback, and to others with the bearer token of the
 * settings. What comes through a proxy on this host is not from loopback.
 */

#include "dispatcher/reply/respond.h"

void stats_serve(struct visit *visit, const char *rest);
