#include "dispatcher/cli/feeds/feed_words.h"

#include "common/base/clock.h"
#include "common/base/utf8.h"
#include "common/roster/regions.h"

#include <string.h>

enum { PEAK_AREAS = 3 };

void feed_put_text(const char *text, struct buf *out)
{
	size_t left = strlen(text);

	while (left > 0) {
		uint32_t character;
		size_t length = utf8_decode(text, left, &character);
		if (length == 0)
			length = 1, character = 0;
		if (character < ' ' || (character >= 0x7f && character < 0xa0))
			buf_char(out, ' ');
		else
			buf_add(out, text, length);
		text += length;
		left -= length;
	}
}

static int highest(const struct hazard_event *event)
{
	int level = 0;

	for (size_t i = 0; i < event->area_count; i++)
		if (event->areas[i].level > level)
			level = event->areas[i].level;
	return level;
}

/* A coast has a name of its own and is several regions. */
static bool is_named_before(const struct hazard_event *event, size_t i)
{
	const struct event_area *area = &event->areas[i];

	for (size_t before = 0; before < i; before++)
		if (event->areas[before].level == area->level &&
		    strcmp(event->areas[before].name, area->name) == 0)
			return true;
	return false;
}

void feed_put_peak(const struct hazard_event *event, enum language language, struct buf *out)
{
	int level = highest(event);
	size_t shown = 0, count = 0;

	if (level == 0)
		return;
	buf_text_add(out, level_phrase(event->hazard, level, (int)language));
	for (size_t i = 0; i < event->area_count; i++) {
		if (event->areas[i].level != level || is_named_before(event, i))
			continue;
		if (count++ >= PEAK_AREAS)
			continue;
		buf_text_add(out, shown++ ? ", " : " ");
		feed_put_text(event->areas[i].name, out);
	}
	if (count > shown)
		buf_format(out, " +%zu", count - shown);
}

void feed_put_event(const struct hazard_event *event, enum language language, struct buf *out)
{
	size_t before;

	feed_put_text(event->title, out);
	if (event->status != EVENT_ACTUAL)
		buf_format(out, " (%s)", event_status_name(event->status));
	if (event->act != EVENT_REPORT)
		buf_format(out, " (%s)", event_act_name(event->act));
	if (*event->place) {
		buf_char(out, ' ');
		feed_put_text(event->place, out);
	}
	before = out->length;
	buf_char(out, ' ');
	feed_put_peak(event, language, out);
	if (out->length == before + 1)
		out->data[--out->length] = '\0';
}

json_t *feed_moment_json(int64_t at)
{
	char text[CLOCK_TEXT];

	return at ? json_string(clock_utc_text(at, text)) : json_null();
}

json_t *feed_telegram_json(const struct telegram *t)
{
	return json_pack(
		"{s:I, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:I}", "telegram", (json_int_t)t->id,
		"source", telegram_source_name(t->source), "key", cli_json_text(t->key), "format",
		hazard_format_name((enum hazard_format)t->format), "state",
		telegram_state_name(t->state), "reason", cli_json_text(t->reason), "received_at",
		feed_moment_json(t->received_at), "drill", json_boolean(t->drill != 0), "by",
		cli_json_text(t->by), "bytes", (json_int_t)t->length);
}

json_t *feed_decision_json(const struct kept_decision *d)
{
	json_t *acted = json_loads(d->acted, 0, NULL), *regions = json_array();
	json_t *entry;
	size_t i;

	json_array_foreach(acted, i, entry)
	{
		const char *region, *what;
		int level;
		if (json_unpack(entry, "[s, s, i]", &region, &what, &level) == 0 && level > 0)
			json_array_append_new(regions,
					      json_pack("{s:s, s:o, s:s, s:i}", "region", region,
							"name", cli_json_text(region_name(region)),
							"what", what, "level", level));
	}
	json_decref(acted);
	return json_pack("{s:I, s:s?, s:s, s:o, s:o, s:o, s:o, s:o}", "decision", (json_int_t)d->id,
			 "rule", *d->rule ? d->rule : NULL, "verdict",
			 verdict_name((enum verdict)d->verdict), "reason", cli_json_text(d->reason),
			 "at", feed_moment_json(d->at), "broadcast",
			 d->broadcast ? json_integer(d->broadcast) : json_null(), "held_until",
			 feed_moment_json(d->due_at), "regions", regions);
}
