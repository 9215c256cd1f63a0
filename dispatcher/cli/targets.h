#pragma once

/*
 * Whom a broadcast is for, as words: all, group:ID (with the groups below), user:ID,
 * region:CODE, pref:CODE, unanswered:BROADCAST.
 */

#include "dispatcher/cli/command.h"

#include "common/store/broadcast.h"

struct targets {
	struct target *list;
	size_t count;
	struct buf words; /* as given, by blank */
};

/* Adds words by comma. EX_OK, or the exit code after a message. */
MUST_USE int targets_add(struct cli *cli, struct targets *targets, const char *words);
void targets_free(struct targets *targets);
