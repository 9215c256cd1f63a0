#pragma once

/*
 * Who may see figures: whoever comes from loopback, and others with the bearer token of the settings
 * (reply.stats_token). What comes through a proxy on this host is not from loopback.
 */

#include "dispatcher/reply/respond.h"

/* False: the visit has been answered, by 401 or 403. */
MUST_USE bool watchers_let_in(struct visit *visit);
