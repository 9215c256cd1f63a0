#pragma once

/*
 * One report of a hazard, whatever source it came from: what the rules read. Every source has one
 * parser that yields events of this form; nothing behind the parsers knows a format.
 *
 * What cannot be read as a report is refused with a reason, never guessed and never dropped.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The formats that can be read, by the name that is stored. The numbers are stored. */
#define HAZARD_FORMATS(X)                                                                         \
	X(JMA,          1, "jma",          "JMA disaster XML")                                    \
	X(P2PQUAKE,     2, "p2pquake",     "P2PQuake JSON")                                       \
	X(CAP,          3, "cap",          "CAP 1.2")                                             \
	X(ALERTMANAGER, 4, "alertmanager", "Alertmanager webhook")

#define HAZARDS(X)                                                                                \
	X(EARTHQUAKE, 1, "earthquake", "earthquake")                                              \
	X(TSUNAMI,    2, "tsunami",    "tsunami")                                                 \
	X(LANDSLIDE,  3, "landslide",  "landslide warning")                                       \
	X(WEATHER,    4, "weather",    "weather warning")                                         \
	X(VOLCANO,    5, "volcano",    "volcano")                                                 \
	X(EEW,        6, "eew",        "earthquake early warning")                                \
	X(OTHER,      7, "other",      "other")

/* Only an actual one may send; an exercise may become a drill; a test is only logged. */
#define EVENT_STATUSES(X)                                                                         \
	X(ACTUAL,   1, "actual",   "")                                                            \
	X(EXERCISE, 2, "exercise", "")                                                            \
	X(TEST,     3, "test",     "")

/*
 * A cancel takes back what its source said by mistake; the end of a warning is no cancel but a
 * report with level 0.
 */
#define EVENT_ACTS(X)                                                                             \
	X(REPORT,     1, "report",     "")                                                        \
	X(CORRECTION, 2, "correction", "")                                                        \
	X(CANCEL,     3, "cancel",     "")

#define X(symbol, number, name, phrase) FORMAT_##symbol = (number),
enum hazard_format { FORMAT_NONE = 0, HAZARD_FORMATS(X) FORMAT_END };
#undef X
#define X(symbol, number, name, phrase) HAZARD_##symbol = (number),
enum hazard { HAZARD_NONE = 0, HAZARDS(X) HAZARD_END };
#undef X
#define X(symbol, number, name, phrase) EVENT_##symbol = (number),
enum event_status { EVENT_STATUS_NONE = 0, EVENT_STATUSES(X) EVENT_STATUS_END };
#undef X
#define X(symbol, number, name, phrase) EVENT_##symbol = (number),
enum event_act { EVENT_ACT_NONE = 0, EVENT_ACTS(X) EVENT_ACT_END };
#undef X

/*
 * Levels grow with the danger; 0: nothing (any more). Per hazard:
 *
 *	earthquake, eew  seismic intensity: 10 20 30 40, 45 (5-), 46 (5- or more, not reported
 *	                 yet), 50 (5+), 55 (6-), 60 (6+), 70 (7)
 *	tsunami          1 forecast, 2 advisory, 3 warning, 4 major warning
 *	landslide,       1 advisory, 2 warning, 3 danger warning (level 4; the older landslide
 *	weather          alert), 4 emergency warning
 *	volcano          1 to 5, the alert level; an eruption notice counts as 3
 *	other            1 minor, 2 moderate, 3 severe, 4 extreme
 *
 * Where the source writes of several places in one region (two coasts, five towns), the region
 * stands once per `what`, with the highest level of them.
 */
#define REGION_ELSEWHERE "-"

struct event_area {
	char region[4]; /* JMA region (3 digits), prefecture (2); "" the source says of no place;
			   REGION_ELSEWHERE: of one that is in none of our tables: abroad, or unknown */
	char code[12];  /* the source's own code of the area, "" where it has none */
	char what[24];  /* weather: of what ("rain", "surge"), so that each is its own; or "" */
	int level;
	char *name;     /* as the source writes it */
};

struct hazard_event {
	enum hazard_format format;
	enum hazard hazard;
	enum event_status status;
	enum event_act act;
	char **keys;    /* event ids: one shaking can have several. At least one. */
	size_t key_count;
	char *title;    /* the kind of report: a cancel takes back reports of the same title only */
	int64_t sent_at;     /* UTC ms, orders the reports of one event (JMA: Control/DateTime) */
	int64_t occurred_at; /* UTC ms; 0 unknown */
	int64_t expires_at;  /* UTC ms; 0: says nothing of it */
	bool restates;  /* holds the full state under its key: what is missing has ended. Such a
			   key may be for ever the same (a prefecture's warnings, a volcano) */
	char *place;    /* hypocentre, volcano, ...; "" unknown */
	char *magnitude; /* as written ("M8.4"); "" unknown */
	char *headline; /* one sentence for people; "" none */
	char *text;     /* more, for people; "" none */
	char *serial;   /* as written, for showing only: it is no key */
	struct event_area *areas;
	size_t area_count;
};

struct events {
	struct hazard_event *list;
	size_t count;
};

enum { TELEGRAM_MOST = 4 << 20 }; /* bytes that are read of one telegram */

/* How a telegram was read. */
enum hazard_read {
	HAZARD_READ = 1, /* one event or more */
	HAZARD_PASSED,   /* understood, holds nothing to act on; `reason` says why */
	HAZARD_REFUSED,  /* damaged, hostile or of an unknown form; `reason` says what and where */
};

/*
 * Reads the bytes of one telegram. areas_load() (common/hazard/areas.h) must have been called. On
 * HAZARD_READ the caller frees *events; else it is empty and `reason` holds a sentence for people.
 * Of a list of messages, some may be passed and others read: then both are there.
 */
MUST_USE enum hazard_read hazard_read(enum hazard_format format, const void *bytes, size_t length,
				      struct events *events, struct buf *reason);
/* The format that the bytes look like; FORMAT_NONE: none that is known. */
MUST_USE enum hazard_format hazard_guess(const void *bytes, size_t length);

void events_free(struct events *events);

const char *hazard_format_name(enum hazard_format format);
const char *hazard_name(enum hazard hazard);
const char *hazard_phrase(enum hazard hazard);
const char *event_status_name(enum event_status status);
const char *event_act_name(enum event_act act);
MUST_USE enum hazard_format hazard_format_by_name(const char *name);
MUST_USE enum hazard hazard_by_name(const char *name);
MUST_USE enum event_status event_status_by_name(const char *name);
MUST_USE enum event_act event_act_by_name(const char *name);

/* "5+" "6-" "warning" ... for a level of that hazard; "" for 0. By language: ja "震度5強". */
MUST_USE const char *level_name(enum hazard hazard, int level);
MUST_USE const char *level_phrase(enum hazard hazard, int level, int language);
/* 0: no level of that hazard has that name. "5+", "5強" and "50" are the same. */
MUST_USE int level_by_name(enum hazard hazard, const char *name);

/* The event as JSON, for the store and for `--json`, and back. The caller frees the text. */
MUST_USE char *event_json(const struct hazard_event *event);
MUST_USE bool event_from_json(const char *json, struct hazard_event *event);
void event_clear(struct hazard_event *event); /* what it holds, not the struct */
