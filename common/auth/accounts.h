#pragma once

/*
 * The accounts at the telephone provider, as the setting has them:
 *
 *	accounts = SID:TOKEN:CALLER:SHARE; ...
 *
 * CALLER is our number that is shown (E.164), SHARE how many parts of the calls go through the
 * account; left out, it is 1. The worker places calls with them, the reply endpoint checks
 * signatures with their tokens.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>

enum { ACCOUNTS_MOST = 16, ACCOUNT_SHARE_MOST = 1000 };

struct account {
	char *sid, *token, *caller;
	int share; /* 1.. */
};

struct accounts {
	size_t count;
	struct account list[ACCOUNTS_MOST];
};

/* An empty text: no account. False, with a sentence in `fault`; nothing is kept then. */
MUST_USE bool accounts_read(const char *text, struct accounts *accounts, struct buf *fault);
void accounts_free(struct accounts *accounts); /* tokens are wiped */
