#include "dispatcher/reply/answers/answer.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t';
}

/* A copy, tidied. Nobody's answer is refused for a stray control character. */
static char *tidy(const char *text, bool lines)
{
	char *copy = mem_string(text ? text : "");
	char *first = copy;

	for (char *p = copy; *p; p++) {
		unsigned char c = (unsigned char)*p;
		bool line = c == '\n' || c == '\t';
		if ((c < 0x20 && !(line && lines)) || c == 0x7f)
			*p = ' ';
	}
	while (is_blank(*first))
		first++;
	size_t length = strlen(first);
	while (length && is_blank(first[length - 1]))
		length--;
	memmove(copy, first, length);
	copy[length] = '\0';
	return copy;
}

enum answer_fault answer_read(const struct form *form, const struct question *question,
			      struct answer *answer)
{
	const char *status = form_value(form, "status");
	enum answer_fault fault = ANSWER_SOUND;

	*answer = (struct answer){.item_count = question->item_count};
	answer->comment = tidy(form_value(form, "comment"), true);
	if (utf8_count(answer->comment) > COMMENT_MOST)
		fault = ANSWER_COMMENT_LONG;
	for (size_t i = 0; i < answer->item_count; i++) {
		char name[32];
		snprintf(name, sizeof name, "item%zu", i + 1);
		answer->item[i] = tidy(form_value(form, name), false);
		if (utf8_count(answer->item[i]) > ITEM_MOST)
			fault = ANSWER_ITEM_LONG;
	}
	answer->choice = status ? question_choice(question, status) : -1;
	if (answer->choice < 0)
		fault = ANSWER_NO_CHOICE;
	return fault;
}

void answer_recall(const struct reply_page *page, const struct question *question,
		   struct answer *answer)
{
	json_t *items = json_loads(page->reply_items, 0, NULL);

	*answer = (struct answer){.item_count = question->item_count};
	answer->choice = page->replied_at ? question_choice(question, page->choice) : -1;
	answer->comment = mem_string(page->comment);
	for (size_t i = 0; i < answer->item_count; i++) {
		const char *text = json_string_value(json_array_get(items, i));
		answer->item[i] = mem_string(text ? text : "");
	}
	json_decref(items);
}

void answer_free(struct answer *answer)
{
	for (size_t i = 0; i < answer->item_count; i++)
		free(answer->item[i]);
	free(answer->comment);
	*answer = (struct answer){0};
}

char *answer_items_json(const struct answer *answer)
{
	if (answer->item_count == 0)
		return mem_string("[]");
	json_t *items = json_array();
	for (size_t i = 0; i < answer->item_count; i++)
		json_array_append_new(items, json_string(answer->item[i]));
	char *text = json_dumps(items, JSON_COMPACT);
	json_decref(items);
	if (!text)
		abort(); /* out of memory */
	return text;
}
