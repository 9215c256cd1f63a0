#pragma once

/* Whom a broadcast is for, as words that are kept and read again: all, group:ID (with the groups
 * below), user:ID. */

#include "common/base/buf.h"
#include "common/store/target.h"

struct whom {
	struct target *list;
	size_t count;
};

/* Whether it is such a word, be there a group or user of that name or not. */
MUST_USE bool whom_is_word(const char *word);

/*
 * Words by blank, by the roster as it is now. Groups and users that are not there any more add
 * nobody; `missing` names them.
 */
MUST_USE enum store_status whom_read(struct store *store, const char *words, struct whom *whom,
				     struct buf *missing);
void whom_free(struct whom *whom);
