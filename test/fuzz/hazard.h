#pragma once

/*
 * What must hold of any bytes that are read as a telegram: a verdict, with a reason where nothing is
 * read; and an event that is read survives its way through JSON.
 */

#include "common/hazard/areas.h"
#include "common/hazard/event.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void fuzz_must(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "does not hold: %s\n", what);
		abort();
	}
}

static inline void fuzz_event(const struct hazard_event *event)
{
	struct hazard_event again;
	char *json = event_json(event);

	fuzz_must(event->key_count > 0, "an event has a key");
	fuzz_must(event_from_json(json, &again), "an event is read back from its JSON");
	char *json_again = event_json(&again);
	fuzz_must(strcmp(json, json_again) == 0, "an event's JSON is the same when read back");
	free(json);
	free(json_again);
	event_clear(&again);
}

static inline int fuzz_telegram(enum hazard_format format, const uint8_t *bytes, size_t length)
{
	struct events events;
	struct buf reason = {0};

	enum hazard_read verdict = hazard_read(format, bytes, length, &events, &reason);
	if (verdict == HAZARD_READ) {
		fuzz_must(events.count > 0, "what is read holds an event");
	} else {
		fuzz_must(events.count == 0, "what is not read holds no event");
		fuzz_must(reason.length > 0, "what is not read has a reason");
	}
	for (size_t i = 0; i < events.count; i++)
		fuzz_event(&events.list[i]);
	if (hazard_guess(bytes, length) == FORMAT_NONE)
		fuzz_must(verdict != HAZARD_READ || length > 4096, "what is read is recognised");
	events_free(&events);
	buf_free(&reason);
	return 0;
}

static inline int fuzz_areas(void)
{
	struct buf fault = {0};

	setenv("TENKO_DATADIR", "config", 0);
	fuzz_must(areas_load(&fault), buf_text(&fault));
	return 0;
}
