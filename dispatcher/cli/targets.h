#pragma once

/*
 * Whom a broadcast is for, as words: all, group:ID (with the groups below), user:ID,
 * region:CODE, pref:CODE, unanswered:BROADCAST. Behind a region or prefecture may stand which
 * addresses count: region:350@work+home. Two further options take people out again.
 */

#include "dispatcher/cli/command.h"

#include "common/store/broadcast.h"

struct targets {
	struct target *list;
	size_t count;
	struct buf words; /* as given, by blank */
	bool named;       /* there is a target that adds people */
};

/* Adds words by comma. EX_OK, or the exit code after a message. */
MUST_USE int targets_add(struct cli *cli, struct targets *targets, const char *words);
/* Only people of these groups and those below them. */
MUST_USE int targets_within(struct cli *cli, struct targets *targets, const char *groups);
/* Not those whom these broadcasts have reached, or will. */
MUST_USE int targets_except(struct cli *cli, struct targets *targets, const char *broadcasts);
void targets_free(struct targets *targets);
