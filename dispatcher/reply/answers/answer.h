#pragma once

/* What a person sends with the form, checked against the question. */

#include "common/base/must.h"
#include "common/store/reply.h"
#include "common/text/form.h"
#include "common/text/question.h"

struct answer {
	int choice; /* index into the question's choices; -1: none */
	size_t item_count;
	char *item[QUESTION_ITEMS];
	char *comment;
};

enum answer_fault {
	ANSWER_SOUND = 0,
	ANSWER_NO_CHOICE, /* none, or one that the question does not have */
	ANSWER_ITEM_LONG,
	ANSWER_COMMENT_LONG,
};

/*
 * Fields: status (a choice's key), item1 to item10, comment; others are passed over. Blanks
 * around a text go, control characters become blanks. The answer holds what was typed whatever
 * the fault, so that it can be shown again.
 */
MUST_USE enum answer_fault answer_read(const struct form *form, const struct question *question,
				       struct answer *answer);

/* The newest reply on record; without one, nothing chosen and nothing written. */
void answer_recall(const struct reply_page *page, const struct question *question,
		   struct answer *answer);
void answer_free(struct answer *answer);

/* JSON array of the items' texts; the caller frees. */
MUST_USE char *answer_items_json(const struct answer *answer);
