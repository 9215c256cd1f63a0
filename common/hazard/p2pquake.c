#include "common/base/mem.h"
#include "common/hazard/areas.h"
#include "common/hazard/build.h"
#include "common/hazard/parsers.h"
#include "common/text/moment.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/*
 * P2PQuake JSON v2: one message (WebSocket) or a list of them (history). They give names only, no
 * codes, and times of Japan without a zone. 551 has neither an event id nor cancels: the time of the
 * earthquake is its key. 552 restates all tsunami warnings; `cancelled` is their end (解除), no
 * cancel. 9611 and 561 are what users felt, and never set anything off.
 */

enum { CODE_QUAKE = 551, CODE_TSUNAMI = 552, CODE_EEW = 556 };

/* What is passed, and why. */
static const struct {
	int code;
	const char *why;
} passed[] = {
	{554, "says that a warning was heard, not where"},
	{555, "counts peers"},
	{561, "is what one user felt"},
	{9611, "is what users felt"},
};

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

/* Years before 1970 stand for "unknown": 0. */
static int64_t moment_of(const json_t *o, const char *name)
{
	int64_t at;

	return moment_read(text_of(o, name), MOMENT_JST, &at) && at > 0 ? at : 0;
}

/* Scale of an intensity; 0 for none or unknown (-1); -1: not a number that is known. */
static int scale_of(const json_t *o, const char *name)
{
	static const int scales[] = {10, 20, 30, 40, 45, 46, 50, 55, 60, 70};
	const json_t *number = json_object_get(o, name);
	double value = json_number_value(number);

	if (!json_is_number(number))
		return -1;
	if (value == -1 || value == 0)
		return 0;
	for (size_t i = 0; i < LENGTH(scales); i++)
		if (value == scales[i])
			return scales[i];
	return -1;
}

/* Sets place and magnitude; what is not known has "" and -1. */
static void read_hypocenter(const json_t *quake, struct hazard_event *event)
{
	const json_t *centre = json_object_get(quake, "hypocenter");
	double magnitude = json_number_value(json_object_get(centre, "magnitude"));

	event_set_text(&event->place, text_of(centre, "name"), NAME_OF_AREA_MOST);
	if (magnitude > 0 && magnitude < 20) {
		free(event->magnitude);
		event->magnitude = mem_format("M%.1f", magnitude);
	}
}

static enum hazard_read read_point(const json_t *point, struct hazard_event *event,
				   struct buf *reason)
{
	const char *place = text_of(point, "addr"), *region = "";
	int scale = scale_of(point, "scale");
	struct quoted value;

	if (!place[0] || scale < 0)
		return hazard_refuse(reason, "the point \"%s\" has no intensity that is known",
				     quote(&value, place));
	if (json_is_true(json_object_get(point, "isArea")))
		region = area_region_by_name(place);
	if (!region[0])
		region = area_of_place(text_of(point, "pref"), place);
	if (!region[0])
		region = REGION_ELSEWHERE;
	if (!event_add_area(event, region, "", "", scale, place))
		return hazard_refuse(reason, "names too many places");
	return HAZARD_READ;
}

/* Reports that have no intensities by their nature. */
static bool is_without_intensities(const char *type)
{
	return strcmp(type, "Destination") == 0 || strcmp(type, "Foreign") == 0 ||
	       strcmp(type, "Other") == 0;
}

static enum hazard_read read_quake(const json_t *message, struct hazard_event *event,
				   struct buf *reason)
{
	const json_t *issue = json_object_get(message, "issue");
	const json_t *quake = json_object_get(message, "earthquake");
	const json_t *points = json_object_get(message, "points"), *point;
	const char *type = text_of(issue, "type"), *correct = text_of(issue, "correct");
	struct quoted value;
	size_t i;

	if (is_without_intensities(type))
		return hazard_pass(reason, "551 %s names no intensities", quote(&value, type));
	event->hazard = HAZARD_EARTHQUAKE;
	event->sent_at = moment_of(issue, "time");
	event->occurred_at = moment_of(quake, "time");
	int most = scale_of(quake, "maxScale");
	if (!event->sent_at || !event->occurred_at || (most < 0 && !json_array_size(points)))
		return hazard_refuse(reason, "551 without issue.time, earthquake.time or any "
					     "intensity");
	/* None and Unknown: a report as any other */
	if (correct[0] && strcmp(correct, "None") != 0 && strcmp(correct, "Unknown") != 0)
		event->act = EVENT_CORRECTION;
	char *key = mem_format("p2pquake %s", text_of(quake, "time"));
	event_add_key(event, key);
	free(key);
	read_hypocenter(quake, event);
	event_set_text(&event->text,
		       text_of(json_object_get(message, "comments"), "freeFormComment"),
		       TEXT_OF_EVENT_MOST);
	json_array_foreach(points, i, point)
	{
		enum hazard_read verdict = read_point(point, event, reason);
		if (verdict != HAZARD_READ)
			return verdict;
	}
	/* Only how strong it was at most, not where. */
	if (!event->area_count && most > 0 &&
	    !event_add_area(event, REGION_ELSEWHERE, "", "", most, event->place))
		return hazard_refuse(reason, "names too many places");
	return HAZARD_READ;
}

/* A warning of unknown grade is an advisory at least. */
static int level_of_grade(const char *grade)
{
	static const struct {
		const char *grade;
		int level;
	} grades[] = {{"MajorWarning", 4}, {"Warning", 3}, {"Watch", 2}, {"Unknown", 2}};

	for (size_t i = 0; i < LENGTH(grades); i++)
		if (strcmp(grade, grades[i].grade) == 0)
			return grades[i].level;
	return -1;
}

static enum hazard_read read_tsunami(const json_t *message, struct hazard_event *event,
				     struct buf *reason)
{
	const json_t *areas = json_object_get(message, "areas"), *area;
	size_t i;

	event->hazard = HAZARD_TSUNAMI;
	event->restates = true;
	event->sent_at = moment_of(json_object_get(message, "issue"), "time");
	event_add_key(event, "p2pquake tsunami");
	if (!event->sent_at)
		return hazard_refuse(reason, "552 without issue.time");
	if (!json_is_true(json_object_get(message, "cancelled")) && !json_array_size(areas))
		return hazard_refuse(reason, "552 names no areas, and does not end any");
	json_array_foreach(areas, i, area)
	{
		const char *name = text_of(area, "name"), *grade = text_of(area, "grade");
		int level = level_of_grade(grade);
		struct quoted value;
		if (!name[0] || level < 0)
			return hazard_refuse(reason,
					     "552: \"%s\" is no grade of a tsunami warning "
					     "that is known",
					     quote(&value, grade));
		if (!event_add_coast(event, "", name, level))
			return hazard_refuse(reason, "names too many areas");
	}
	return HAZARD_READ;
}

/* The upper end counts; 99 (or more) has none: then the lower. Warned areas expect at least 4. */
static int level_of_forecast(const json_t *area)
{
	int low = scale_of(area, "scaleFrom"), high = scale_of(area, "scaleTo");

	if (high < 0 && json_number_value(json_object_get(area, "scaleTo")) == 99)
		high = 0;
	if (low < 0 || high < 0)
		return -1;
	int level = high > low ? high : low;
	return level > 0 ? level : 40;
}

static enum hazard_read read_eew(const json_t *message, struct hazard_event *event,
				 struct buf *reason)
{
	const json_t *issue = json_object_get(message, "issue"), *area;
	const json_t *quake = json_object_get(message, "earthquake");
	const json_t *areas = json_object_get(message, "areas");
	size_t i;

	event->hazard = HAZARD_EEW;
	event->sent_at = moment_of(issue, "time");
	event->occurred_at = moment_of(quake, "originTime");
	event_add_key(event, text_of(issue, "eventId"));
	event_set_text(&event->serial, text_of(issue, "serial"), NAME_OF_AREA_MOST);
	if (!event->sent_at || !event->key_count)
		return hazard_refuse(reason, "556 without issue.time or issue.eventId");
	if (json_is_true(json_object_get(message, "test")))
		event->status = EVENT_TEST;
	if (json_is_true(json_object_get(message, "cancelled"))) {
		event->act = EVENT_CANCEL;
		return HAZARD_READ;
	}
	read_hypocenter(quake, event);
	json_array_foreach(areas, i, area)
	{
		const char *name = text_of(area, "name"), *region = area_region_by_name(name);
		int level = level_of_forecast(area);
		struct quoted value;
		if (level < 0)
			return hazard_refuse(reason, "556: \"%s\" has no range of intensities",
					     quote(&value, name));
		if (!event_add_area(event, region[0] ? region : REGION_ELSEWHERE, "", "", level,
				    name))
			return hazard_refuse(reason, "names too many areas");
	}
	return HAZARD_READ;
}

static enum hazard_read pass_by_code(json_int_t code, struct buf *reason)
{
	for (size_t i = 0; i < LENGTH(passed); i++)
		if (passed[i].code == code)
			return hazard_pass(reason, "%d %s", passed[i].code, passed[i].why);
	return hazard_pass(reason, "%lld is a code that is not acted on", (long long)code);
}

static enum hazard_read read_message(const json_t *message, struct events *events,
				     struct buf *reason)
{
	const json_t *code = json_object_get(message, "code");
	enum hazard_read verdict = HAZARD_PASSED;
	struct quoted value;

	if (!json_is_integer(code))
		return hazard_refuse(reason, "is no message: there is no code");
	json_int_t number = json_integer_value(code);
	if (number != CODE_QUAKE && number != CODE_TSUNAMI && number != CODE_EEW)
		return pass_by_code(number, reason);
	struct hazard_event *event = events_add(events, FORMAT_P2PQUAKE);
	if (!event)
		return hazard_refuse(reason, "holds more than %d reports", EVENTS_MOST);
	const char *type = text_of(json_object_get(message, "issue"), "type");
	char *title = mem_format("%d %s", (int)number, quote(&value, type));
	event_set_text(&event->title, type[0] ? title : "556", TITLE_OF_EVENT_MOST);
	free(title);
	if (number == CODE_QUAKE)
		verdict = read_quake(message, event, reason);
	else if (number == CODE_TSUNAMI)
		verdict = read_tsunami(message, event, reason);
	else
		verdict = read_eew(message, event, reason);
	if (verdict != HAZARD_READ)
		events_drop(events);
	return verdict;
}

/* All of a list, or nothing of it: a message that is damaged is not left out. */
static enum hazard_read read_list(const json_t *list, struct events *events, struct buf *reason)
{
	struct buf why = {0}, skipped = {0};
	enum hazard_read verdict = HAZARD_READ;
	const json_t *message;
	size_t i;

	json_array_foreach(list, i, message)
	{
		verdict = read_message(message, events, &why);
		if (verdict == HAZARD_REFUSED)
			break;
		if (verdict == HAZARD_PASSED && !strstr(buf_text(&skipped), buf_text(&why)) &&
		    skipped.length < 1000)
			buf_format(&skipped, "%s%s", skipped.length ? "; " : "", buf_text(&why));
	}
	if (verdict == HAZARD_REFUSED) {
		verdict = hazard_refuse(reason, "message %zu: %s", i + 1, buf_text(&why));
	} else if (events->count) {
		verdict = HAZARD_READ;
		if (skipped.length)
			buf_format(reason, "passed over: %s", buf_text(&skipped));
	} else {
		verdict = hazard_pass(reason, "%s",
				      skipped.length ? buf_text(&skipped) : "is an empty list");
	}
	buf_free(&why);
	buf_free(&skipped);
	return verdict;
}

enum hazard_read p2pquake_read(const void *bytes, size_t length, struct events *events,
			       struct buf *reason)
{
	json_error_t error;
	json_t *json = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);
	enum hazard_read verdict;
	struct quoted value;

	if (!json)
		return hazard_refuse(reason, "line %d: is not sound JSON: %s", error.line,
				     quote(&value, error.text));
	if (json_is_array(json))
		verdict = read_list(json, events, reason);
	else
		verdict = read_message(json, events, reason);
	json_decref(json);
	return verdict;
}
