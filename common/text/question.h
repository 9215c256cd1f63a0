#pragma once

/*
 * What a broadcast asks: choices (one is picked) and further items (short texts). Written in the
 * settings as
 *
 *	choices = key:Japanese:English; key:Japanese:English    (9 at most: telephone keys 1 to 9
 *	items = Japanese:English; ...                            without 9, which repeats; so 8)
 *
 * and stored as JSON: [{"key":"safe","ja":"無事です","en":"I am safe"}, ...], [{"ja","en"}, ...].
 * English may be left out and is then the Japanese. A key is 1 to 32 of a-z 0-9 _.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include <stdbool.h>
#include <stddef.h>

enum { QUESTION_CHOICES = 8, QUESTION_ITEMS = 10, QUESTION_LABEL_MOST = 64 /* characters */ };

struct question {
	size_t choice_count, item_count;
	struct {
		char *key;
		char *label[LANGUAGES];
	} choice[QUESTION_CHOICES];
	char *item[QUESTION_ITEMS][LANGUAGES];
};

/* False, with a sentence in `fault`; nothing is kept then. At least one choice is needed. */
MUST_USE bool question_from_settings(const char *choices, const char *items,
				     struct question *question, struct buf *fault);
MUST_USE bool question_from_json(const char *choices, const char *items,
				 struct question *question, struct buf *fault);
void question_free(struct question *question);

MUST_USE char *question_choices_json(const struct question *question); /* the caller frees */
MUST_USE char *question_items_json(const struct question *question);

/* Index of the choice with that key, or -1. */
MUST_USE int question_choice(const struct question *question, const char *key);
