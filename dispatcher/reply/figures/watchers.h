#pragma once

/*
 * Who may see figures: whoever comes from loopback, and others with a token of the settings
 * (reply.stats_token, reply.admin_token), as a bearer token, or in a browser as a cookie that stands for it.
 * What comes through a proxy on this host is not from loopback.
 */

#include "dispatcher/reply/http/respond.h"

enum sight { SIGHT_NONE, SIGHT_FIGURES, SIGHT_NAMES };
/* How much. */
MUST_USE enum sight watchers_sight(const struct visit *visit);

/*
 * The cookie for a token that somebody entered, for the header Set-Cookie, appended to `cookie`. False:
 * it is none of the tokens.
 */
MUST_USE bool watchers_enter(const struct visit *visit, const char *token, struct buf *cookie);

/* False: the visit has been answered, by 401 or 403. */
MUST_USE bool watchers_let_in(struct visit *visit);
