#pragma once

/*
 * POST /hooks/alertmanager and /hooks/cap: monitoring and others set off broadcasts by the rules.
 * What is sent is stored as a telegram, and answered with its id once it is on the disk: 202, or
 * 200 where the same bytes came before and nothing new was done. tenko-feed reads it.
 *
 * Behind a bearer token (common/auth/hook_token.h); without it 401, whatever was sent.
 */

#include "dispatcher/reply/http/respond.h"

void hooks_serve_alertmanager(struct visit *visit, const char *rest);
void hooks_serve_cap(struct visit *visit, const char *rest);
