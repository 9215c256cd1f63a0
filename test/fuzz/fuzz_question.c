/*
 * Questions of a broadcast, in the two ways they are written; the parts are divided by a line end.
 *
 * Seeds: test/fuzz/seeds/question
 */

#include "common/auth/accounts.h"
#include "common/base/mem.h"
#include "common/text/question.h"
#include "test/fuzz/must.h"
#include "test/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

static void check_question(struct question *question)
{
	struct buf fault = {0};
	struct question again;
	char *choices = question_choices_json(question), *items = question_items_json(question);

	fuzz_must(question->choice_count >= 1 && question->choice_count <= QUESTION_CHOICES &&
			  question->item_count <= QUESTION_ITEMS,
		  "as many as there may be");
	for (size_t i = 0; i < question->choice_count; i++)
		fuzz_must(question_choice(question, question->choice[i].key) == (int)i,
			  "keys are told apart");
	fuzz_must(question_from_json(choices, items, &again, &fault), "a question is read back");
	char *same = question_choices_json(&again);
	fuzz_must(strcmp(same, choices) == 0, "a question stays the same");
	question_free(&again);
	question_free(question);
	free(choices);
	free(items);
	free(same);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = mem_copy(bytes, length), *line = strchr(text, '\n');
	const char *second = line ? line + 1 : "";
	struct buf fault = {0};
	struct question question;
	struct accounts accounts;

	if (line)
		*line = '\0';
	if (question_from_settings(text, second, &question, &fault))
		check_question(&question);
	else
		fuzz_must(fault.length > 0, "a fault is named");
	buf_clear(&fault);
	if (question_from_json(text, second, &question, &fault))
		check_question(&question);
	else
		fuzz_must(fault.length > 0, "a fault is named");
	if (accounts_read(text, &accounts, &fault))
		accounts_free(&accounts);
	buf_free(&fault);
	free(text);
	return 0;
}
