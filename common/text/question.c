#include "common/text/question.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MOST = 32 };

/* Choices and items are read by the same steps; what differs stands here. */
struct part {
	const char *what; /* as in the messages */
	size_t most;
	bool keyed;
};
static const struct part choices_part = {"choices", QUESTION_CHOICES, true};
static const struct part items_part = {"items", QUESTION_ITEMS, false};

static bool key_sound(const char *key)
{
	size_t length = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return length >= 1 && length <= KEY_MOST && key[length] == '\0';
}

static bool label_sound(const char *label)
{
	return *label && utf8_valid(label, strlen(label)) && !utf8_has_controls(label, false) &&
	       utf8_count(label) <= QUESTION_LABEL_MOST;
}

/* Takes one choice or item in, copied; `number` counts from 1. */
static bool add(struct question *q, const struct part *part, const char *key, const char *ja,
		const char *en, struct buf *fault)
{
	size_t *count = part->keyed ? &q->choice_count : &q->item_count;
	size_t number = *count + 1;

	if (!en || !*en)
		en = ja;
	if (number > part->most) {
		buf_format(fault, "%s: %zu at most", part->what, part->most);
	} else if (part->keyed && !key_sound(key)) {
		buf_format(fault, "%s: number %zu: a key is 1 to %d of a-z 0-9 _", part->what,
			   number, KEY_MOST);
	} else if (part->keyed && question_choice(q, key) >= 0) {
		buf_format(fault, "%s: the key \"%s\" is there twice", part->what, key);
	} else if (!label_sound(ja) || !label_sound(en)) {
		buf_format(fault, "%s: number %zu: a label is 1 to %d characters on one line",
			   part->what, number, QUESTION_LABEL_MOST);
	} else {
		char **label = part->keyed ? q->choice[*count].label : q->item[*count];
		if (part->keyed)
			q->choice[*count].key = mem_string(key);
		label[LANGUAGE_JA] = mem_string(ja);
		label[LANGUAGE_EN] = mem_string(en);
		++*count;
		return true;
	}
	return false;
}

/* False, all of it freed, where anything was wrong. */
static bool finish(struct question *q, bool sound, struct buf *fault)
{
	if (sound && q->choice_count == 0) {
		buf_text_add(fault, "choices: at least one is needed");
		sound = false;
	}
	if (!sound)
		question_free(q);
	return sound;
}

/* from the settings */

/* Cuts the text before the next `mark`, trims it, and moves *rest behind the mark or to NULL.
 */
static char *next_field(char **rest, char mark)
{
	char *field = *rest + strspn(*rest, " \t\r\n");
	char *end = strchr(*rest, mark);

	*rest = end ? end + 1 : NULL;
	if (!end)
		end = field + strlen(field);
	else if (end < field)
		field = end;
	while (end > field && strchr(" \t\r\n", end[-1]))
		end--;
	*end = '\0';
	return field;
}

static bool add_entry(struct question *q, const struct part *part, char *entry,
		      struct buf *fault)
{
	const char *shape = part->keyed ? "key:Japanese:English" : "Japanese:English";
	char *key = NULL, *ja = NULL, *en = NULL, *rest = entry;

	if (part->keyed)
		key = next_field(&rest, ':');
	if (rest)
		ja = next_field(&rest, ':');
	if (rest)
		en = next_field(&rest, ':');
	if (!ja || rest) {
		buf_format(fault, "%s: expected %s, found \"%.60s\"", part->what, shape, entry);
		return false;
	}
	return add(q, part, key, ja, en, fault);
}

static bool add_entries(struct question *q, const struct part *part, const char *text,
			struct buf *fault)
{
	char *copy = mem_string(text), *rest = copy;
	bool sound = true;

	while (sound && rest) {
		char *entry = next_field(&rest, ';');
		if (*entry || rest) /* a semicolon at the end does no harm */
			sound = add_entry(q, part, entry, fault);
	}
	free(copy);
	return sound;
}

bool question_from_settings(const char *choices, const char *items, struct question *question,
			    struct buf *fault)
{
	*question = (struct question){0};
	bool sound = add_entries(question, &choices_part, choices, fault) &&
		     add_entries(question, &items_part, items, fault);
	return finish(question, sound, fault);
}

/* from JSON */

static bool add_object(struct question *q, const struct part *part, json_t *object,
		       struct buf *fault)
{
	const char *key = NULL, *ja, *en = NULL;
	json_error_t error;
	int status;

	if (part->keyed)
		status = json_unpack_ex(object, &error, JSON_STRICT, "{s:s, s:s, s?:s}", "key",
					&key, "ja", &ja, "en", &en);
	else
		status = json_unpack_ex(object, &error, JSON_STRICT, "{s:s, s?:s}", "ja", &ja,
					"en", &en);
	if (status != 0) {
		buf_format(fault, "%s: %s", part->what, error.text);
		return false;
	}
	return add(q, part, key, ja, en, fault);
}

static bool add_array(struct question *q, const struct part *part, const char *text,
		      struct buf *fault)
{
	json_error_t error;
	json_t *array = json_loads(text, JSON_REJECT_DUPLICATES, &error), *object;
	bool sound = json_is_array(array);
	size_t i;

	if (!sound)
		buf_format(fault, "%s: %s", part->what,
			   array ? "expected an array" : error.text);
	json_array_foreach(array, i, object) sound =
		sound && add_object(q, part, object, fault);
	json_decref(array);
	return sound;
}

bool question_from_json(const char *choices, const char *items, struct question *question,
			struct buf *fault)
{
	*question = (struct question){0};
	bool sound = add_array(question, &choices_part, choices, fault) &&
		     add_array(question, &items_part, items, fault);
	return finish(question, sound, fault);
}

void question_free(struct question *question)
{
	for (size_t i = 0; i < question->choice_count; i++) {
		free(question->choice[i].key);
		free(question->choice[i].label[LANGUAGE_JA]);
		free(question->choice[i].label[LANGUAGE_EN]);
	}
	for (size_t i = 0; i < question->item_count; i++) {
		free(question->item[i][LANGUAGE_JA]);
		free(question->item[i][LANGUAGE_EN]);
	}
	*question = (struct question){0};
}

/* to JSON */

static json_t *alive(json_t *value)
{
	if (!value)
		abort(); /* out of memory */
	return value;
}

static char *dump(json_t *array)
{
	char *text = json_dumps(array, JSON_COMPACT);

	if (!text)
		abort(); /* out of memory */
	json_decref(array);
	return text;
}

char *question_choices_json(const struct question *question)
{
	json_t *array = alive(json_array());

	for (size_t i = 0; i < question->choice_count; i++)
		json_array_append_new(
			array,
			alive(json_pack("{s:s, s:s, s:s}", "key", question->choice[i].key, "ja",
					question->choice[i].label[LANGUAGE_JA], "en",
					question->choice[i].label[LANGUAGE_EN])));
	return dump(array);
}

char *question_items_json(const struct question *question)
{
	json_t *array = alive(json_array());

	for (size_t i = 0; i < question->item_count; i++)
		json_array_append_new(
			array,
			alive(json_pack("{s:s, s:s}", "ja", question->item[i][LANGUAGE_JA],
					"en", question->item[i][LANGUAGE_EN])));
	return dump(array);
}

int question_choice(const struct question *question, const char *key)
{
	for (size_t i = 0; i < question->choice_count; i++)
		if (strcmp(question->choice[i].key, key) == 0)
			return (int)i;
	return -1;
}
