#include "common/hazard/build.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/hazard/areas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hazard_event *events_add(struct events *events, enum hazard_format format)
{
	if (events->count == EVENTS_MOST)
		return NULL;
	events->list = mem_resize(events->list, events->count + 1, sizeof events->list[0]);
	struct hazard_event *event = &events->list[events->count++];
	*event = (struct hazard_event){
		.format = format,
		.status = EVENT_ACTUAL,
		.act = EVENT_REPORT,
		.title = mem_string(""),
		.place = mem_string(""),
		.magnitude = mem_string(""),
		.headline = mem_string(""),
		.text = mem_string(""),
		.serial = mem_string(""),
	};
	return event;
}

void events_drop(struct events *events)
{
	event_clear(&events->list[--events->count]);
}

void events_free(struct events *events)
{
	while (events->count)
		events_drop(events);
	free(events->list);
	*events = (struct events){0};
}

void event_clear(struct hazard_event *event)
{
	while (event->key_count)
		free(event->keys[--event->key_count]);
	free(event->keys);
	while (event->area_count)
		free(event->areas[--event->area_count].name);
	free(event->areas);
	free(event->title);
	free(event->place);
	free(event->magnitude);
	free(event->headline);
	free(event->text);
	free(event->serial);
	*event = (struct hazard_event){0};
}

/* A copy without controls, cut between characters. */
static char *tidy(const char *text, size_t most)
{
	struct buf out = {0};
	size_t left = strlen(text), size;
	uint32_t c;

	for (; (size = utf8_decode(text, left, &c)) > 0; text += size, left -= size) {
		if (out.length + size > most)
			break;
		if (c == '\r')
			continue;
		if ((c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0))
			buf_char(&out, ' ');
		else
			buf_add(&out, text, size);
	}
	return buf_take(&out);
}

void event_set_text(char **text, const char *value, size_t most)
{
	free(*text);
	*text = tidy(value, most);
}

void event_append(char **text, const char *value, size_t most)
{
	if (!value[0])
		return;
	char *both = (*text)[0] ? mem_format("%s\n%s", *text, value) : mem_string(value);
	event_set_text(text, both, most);
	free(both);
}

void event_add_key(struct hazard_event *event, const char *key)
{
	char *kept = tidy(key, KEY_MOST);

	for (size_t i = 0; i < event->key_count; i++) {
		if (strcmp(event->keys[i], kept) == 0) {
			free(kept);
			return;
		}
	}
	if (!kept[0] || event->key_count == KEYS_MOST) {
		free(kept);
		return;
	}
	event->keys = mem_resize(event->keys, event->key_count + 1, sizeof event->keys[0]);
	event->keys[event->key_count++] = kept;
}

void event_add_keys(struct hazard_event *event, const char *list)
{
	static const char blanks[] = " \t\r\n";

	for (;;) {
		list += strspn(list, blanks);
		size_t length = strcspn(list, blanks);
		if (!length)
			return;
		char *key = mem_copy(list, length);
		event_add_key(event, key);
		free(key);
		list += length;
	}
}

static bool is_ours(const char *region)
{
	return region[0] && strcmp(region, REGION_ELSEWHERE) != 0;
}

static struct event_area *find_area(struct hazard_event *event, const struct event_area *like)
{
	for (size_t i = 0; i < event->area_count; i++) {
		struct event_area *area = &event->areas[i];
		if (strcmp(area->region, like->region) != 0 || strcmp(area->what, like->what) != 0)
			continue;
		if (is_ours(like->region) ||
		    (strcmp(area->code, like->code) == 0 && strcmp(area->name, like->name) == 0))
			return area;
	}
	return NULL;
}

bool event_add_area(struct hazard_event *event, const char *region, const char *code,
		    const char *what, int level, const char *name)
{
	struct event_area new = {.level = level, .name = tidy(name, NAME_OF_AREA_MOST)};

	snprintf(new.region, sizeof new.region, "%s", region);
	snprintf(new.what, sizeof new.what, "%s", what);
	if (strlen(code) < sizeof new.code && !utf8_has_controls(code, false))
		snprintf(new.code, sizeof new.code, "%s", code);
	struct event_area *old = find_area(event, &new);
	if (old && old->level >= level) {
		free(new.name);
		return true;
	}
	if (old) {
		free(old->name);
		*old = new;
		return true;
	}
	if (event->area_count == AREAS_OF_EVENT_MOST) {
		free(new.name);
		return false;
	}
	event->areas = mem_resize(event->areas, event->area_count + 1, sizeof event->areas[0]);
	event->areas[event->area_count++] = new;
	return true;
}

bool event_add_coast(struct hazard_event *event, const char *code, const char *name, int level)
{
	const struct area *coast = area_by_code(AREAS_TSUNAMI, code);

	if (!coast)
		coast = area_by_name(AREAS_TSUNAMI, name);
	if (!coast) {
		const char *region = area_prefecture_in(name);
		return event_add_area(event, region[0] ? region : REGION_ELSEWHERE, code, "", level,
				      name);
	}
	for (size_t i = 0; i < coast->count; i++)
		if (!event_add_area(event, coast->regions[i], coast->code, "", level, name))
			return false;
	return true;
}

__attribute__((format(printf, 2, 0))) static void say(struct buf *reason, const char *format,
						      va_list args)
{
	char *sentence = NULL;

	buf_clear(reason);
	if (vasprintf(&sentence, format, args) >= 0)
		buf_text_add(reason, sentence);
	free(sentence);
}

enum hazard_read hazard_refuse(struct buf *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(reason, format, args);
	va_end(args);
	return HAZARD_REFUSED;
}

enum hazard_read hazard_pass(struct buf *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(reason, format, args);
	va_end(args);
	return HAZARD_PASSED;
}

const char *quote(struct quoted *quoted, const char *text)
{
	char *tidied = tidy(text, QUOTED_MOST);
	bool cut = strlen(tidied) < strlen(text) && strlen(tidied) + 4 > QUOTED_MOST;

	for (char *c = tidied; *c; c++)
		if (*c == '\n')
			*c = ' ';
	snprintf(quoted->text, sizeof quoted->text, "%s%s", tidied, cut ? "..." : "");
	free(tidied);
	return quoted->text;
}
