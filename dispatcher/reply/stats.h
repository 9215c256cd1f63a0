#pragma once

/*
 * GET /stats.json, for monitoring: broadcasts with the figures of `tenko status --json`, requests
 * by status, replies recorded. Open to loopback, and to others with the bearer token of the
 * settings. What comes through a proxy on this host is not from loopback.
 */

#include "dispatcher/reply/respond.h"

void stats_serve(struct visit *visit, const char *rest);
