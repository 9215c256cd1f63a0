#pragma once

/* For the parsers: puts events together, and says why there is none. */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/hazard/event.h"
#include <stdbool.h>
#include <stddef.h>

enum { EVENTS_MOST = 512, AREAS_OF_EVENT_MOST = 2048, KEYS_MOST = 256 };

/* Bytes of the texts of an event; what is longer is cut. */
enum { KEY_MOST = 300, TITLE_OF_EVENT_MOST = 200, NAME_OF_AREA_MOST = 150, HEADLINE_MOST = 1000 };
enum { TEXT_OF_EVENT_MOST = 8000 };

/* A new event with empty texts; NULL: there are too many. */
MUST_USE struct hazard_event *events_add(struct events *events, enum hazard_format format);
/* Takes the last one back. */
void events_drop(struct events *events);

/* Adds a key, once. Too many are not kept. */
void event_add_key(struct hazard_event *event, const char *key);
/* Adds each word of a list. */
void event_add_keys(struct hazard_event *event, const char *list);

/*
 * Adds an area. Where the region is there already with that `what` (or, where it is none of ours, the
 * code and the name), the higher level stays with its code and name. False: there are too many.
 */
MUST_USE bool event_add_area(struct hazard_event *event, const char *region, const char *code,
			     const char *what, int level, const char *name);

/*
 * Adds the regions of a coast of tsunami warnings, by its code, or else by its name; of one that is
 * unknown the prefecture that its name begins with.
 */
MUST_USE bool event_add_coast(struct hazard_event *event, const char *code, const char *name,
			      int level);

/* Puts a text in place of what was there, cut at `most` bytes, controls but line ends as blanks. */
void event_set_text(char **text, const char *value, size_t most);
/* Puts a text behind what is there, on a line of its own. */
void event_append(char **text, const char *value, size_t most);

/* Say the reason and are the verdict: return hazard_refuse(reason, "line %d: ...", line). */
enum hazard_read hazard_refuse(struct buf *reason, const char *format, ...) PRINTF(2, 3);
enum hazard_read hazard_pass(struct buf *reason, const char *format, ...) PRINTF(2, 3);

/* A text from outside within a reason: cut, without controls. */
enum { QUOTED_MOST = 60 };
struct quoted {
	char text[QUOTED_MOST + 8];
};
const char *quote(struct quoted *quoted, const char *text);
