#include "common/base/mem.h"
#include "common/hazard/build.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *text_json(const char *text)
{
	json_t *json = json_string(text);

	return json ? json : json_string("");
}

static json_t *areas_json(const struct hazard_event *event)
{
	json_t *list = json_array();

	for (size_t i = 0; i < event->area_count; i++) {
		const struct event_area *area = &event->areas[i];
		json_t *object = json_object();
		json_object_set_new(object, "region", text_json(area->region));
		json_object_set_new(object, "code", text_json(area->code));
		json_object_set_new(object, "what", text_json(area->what));
		json_object_set_new(object, "level", json_integer(area->level));
		json_object_set_new(object, "level_name",
				    text_json(level_name(event->hazard, area->level)));
		json_object_set_new(object, "name", text_json(area->name));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *keys_json(const struct hazard_event *event)
{
	json_t *list = json_array();

	for (size_t i = 0; i < event->key_count; i++)
		json_array_append_new(list, text_json(event->keys[i]));
	return list;
}

char *event_json(const struct hazard_event *event)
{
	json_t *o = json_object();

	json_object_set_new(o, "format", text_json(hazard_format_name(event->format)));
	json_object_set_new(o, "hazard", text_json(hazard_name(event->hazard)));
	json_object_set_new(o, "status", text_json(event_status_name(event->status)));
	json_object_set_new(o, "act", text_json(event_act_name(event->act)));
	json_object_set_new(o, "keys", keys_json(event));
	json_object_set_new(o, "title", text_json(event->title));
	json_object_set_new(o, "sent_at", json_integer(event->sent_at));
	json_object_set_new(o, "occurred_at", json_integer(event->occurred_at));
	json_object_set_new(o, "expires_at", json_integer(event->expires_at));
	json_object_set_new(o, "restates", json_boolean(event->restates));
	json_object_set_new(o, "place", text_json(event->place));
	json_object_set_new(o, "magnitude", text_json(event->magnitude));
	json_object_set_new(o, "headline", text_json(event->headline));
	json_object_set_new(o, "text", text_json(event->text));
	json_object_set_new(o, "serial", text_json(event->serial));
	json_object_set_new(o, "areas", areas_json(event));
	char *json = json_dumps(o, JSON_COMPACT), *copy = mem_string(json ? json : "");
	free(json);
	json_decref(o);
	return copy;
}

/* The text of a member; "" and *sound = false where it is missing or none. */
static const char *text_of(const json_t *o, const char *name, bool *sound)
{
	const char *text = json_string_value(json_object_get(o, name));

	if (!text)
		*sound = false;
	return text ? text : "";
}

static int64_t number_of(const json_t *o, const char *name, bool *sound)
{
	const json_t *number = json_object_get(o, name);

	if (!json_is_integer(number))
		*sound = false;
	return json_integer_value(number);
}

static bool fits(const char *text, size_t room)
{
	return strlen(text) < room;
}

static bool read_area(const json_t *o, struct hazard_event *event)
{
	bool sound = true;
	const char *region = text_of(o, "region", &sound), *code = text_of(o, "code", &sound);
	const char *what = text_of(o, "what", &sound), *name = text_of(o, "name", &sound);
	int64_t level = number_of(o, "level", &sound);

	if (!sound || level < 0 || level > 100 || !fits(region, sizeof event->areas->region) ||
	    !fits(code, sizeof event->areas->code) || !fits(what, sizeof event->areas->what))
		return false;
	return event_add_area(event, region, code, what, (int)level, name);
}

static bool read_lists(const json_t *o, struct hazard_event *event)
{
	json_t *keys = json_object_get(o, "keys"), *areas = json_object_get(o, "areas"), *item;
	size_t i;

	if (!json_is_array(keys) || !json_is_array(areas))
		return false;
	json_array_foreach(keys, i, item)
	{
		if (!json_is_string(item))
			return false;
		event_add_key(event, json_string_value(item));
	}
	json_array_foreach(areas, i, item)
	{
		if (!read_area(item, event))
			return false;
	}
	return event->key_count > 0;
}

static bool read_words(const json_t *o, struct hazard_event *event)
{
	bool sound = true;

	event->hazard = hazard_by_name(text_of(o, "hazard", &sound));
	event->status = event_status_by_name(text_of(o, "status", &sound));
	event->act = event_act_by_name(text_of(o, "act", &sound));
	event_set_text(&event->title, text_of(o, "title", &sound), TITLE_OF_EVENT_MOST);
	event->sent_at = number_of(o, "sent_at", &sound);
	event->occurred_at = number_of(o, "occurred_at", &sound);
	event->expires_at = number_of(o, "expires_at", &sound);
	event->restates = json_is_true(json_object_get(o, "restates"));
	event_set_text(&event->place, text_of(o, "place", &sound), NAME_OF_AREA_MOST);
	event_set_text(&event->magnitude, text_of(o, "magnitude", &sound), NAME_OF_AREA_MOST);
	event_set_text(&event->headline, text_of(o, "headline", &sound), HEADLINE_MOST);
	event_set_text(&event->text, text_of(o, "text", &sound), TEXT_OF_EVENT_MOST);
	event_set_text(&event->serial, text_of(o, "serial", &sound), NAME_OF_AREA_MOST);
	return sound && event->hazard && event->status && event->act;
}

bool event_from_json(const char *json, struct hazard_event *event)
{
	struct events one = {0};
	bool sound = false;
	json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, NULL);

	*event = (struct hazard_event){0};
	if (json_is_object(o)) {
		enum hazard_format format = hazard_format_by_name(text_of(o, "format", &sound));
		struct hazard_event *read = events_add(&one, format);
		sound = read && format && read_words(o, read) && read_lists(o, read);
	}
	json_decref(o);
	if (sound) {
		*event = one.list[0];
		free(one.list);
		return true;
	}
	events_free(&one);
	return false;
}
