#pragma once

/* Posts how the children stand, for monitoring (common/base/posted.h). */

#include "common/base/board.h"
#include "common/conf/settings.h"
#include "dispatcher/master/child.h"

/* NULL, with a word in the log: without it the figures lack the processes, and nothing else. */
MUST_USE struct board *posting_open(const struct settings *s);

/* NULL is allowed. */
void posting_renew(struct board *board, struct child *const *children, size_t count);

/* When all has ended as it was told to: nothing is down then. Closes the board. */
void posting_remove(const struct settings *s, struct board *board);
