#include "common/base/mem.h"
#include "common/hazard/areas.h"
#include "common/hazard/build.h"
#include "common/hazard/parsers.h"
#include "common/roster/regions.h"
#include "common/text/moment.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * Prometheus Alertmanager's webhook, version 4: each alert of a group is an event. What an alert is
 * about is said by labels and annotations:
 *
 *	region     codes or names of regions or prefectures, commas between them; without one the
 *	           alert says of no place
 *	severity   see below; without one the alert is moderate
 *	title      the headline (or summary); description: the text
 *	drill      "true": an exercise
 *
 * An alert is one by its fingerprint from when it fires until it is resolved: fingerprint and
 * startsAt are the key. Resolved is level 0: an end, no cancel.
 */

static const struct {
	const char *severity;
	int level;
} severities[] = {
	{"info", 1},  {"minor", 1},   {"notice", 1},    {"warning", 2}, {"moderate", 2},
	{"error", 3}, {"severe", 3},  {"major", 3},     {"high", 3},    {"critical", 3},
	{"page", 3},  {"extreme", 4}, {"emergency", 4}, {"fatal", 4},   {"disaster", 4},
};

enum { SEVERITY_UNSAID = 2 };

/* -1: no severity of that name. */
static int level_of(const char *severity)
{
	if (!severity[0])
		return SEVERITY_UNSAID;
	for (size_t i = 0; i < LENGTH(severities); i++)
		if (strcasecmp(severities[i].severity, severity) == 0)
			return severities[i].level;
	return -1;
}

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

/* A label, or an annotation where there is no such label. */
static const char *said(const json_t *alert, const char *name)
{
	const char *label = text_of(json_object_get(alert, "labels"), name);

	return label[0] ? label : text_of(json_object_get(alert, "annotations"), name);
}

static bool add_regions(struct hazard_event *event, const char *list, int level)
{
	char *copy = mem_string(list), *save = NULL;
	bool fits = list[0] || event_add_area(event, "", "", "", level, "");

	for (char *name = strtok_r(copy, ",;", &save); name; name = strtok_r(NULL, ",;", &save)) {
		char *plain = area_plain(name);
		const char *region = region_exists(plain) ? plain : area_region_by_name(plain);
		if (!region[0])
			region = REGION_ELSEWHERE;
		fits = fits && event_add_area(event, region, "", "", level, name);
		free(plain);
	}
	free(copy);
	return fits;
}

static enum hazard_read read_alert(const json_t *alert, const char *group,
				   struct hazard_event *event, struct buf *reason)
{
	const char *status = text_of(alert, "status"), *severity = said(alert, "severity");
	const char *fingerprint = text_of(alert, "fingerprint"),
		   *starts = text_of(alert, "startsAt");
	bool resolved = strcmp(status, "resolved") == 0;
	int level = level_of(severity);
	struct quoted value;
	int64_t ended;

	if (!resolved && strcmp(status, "firing") != 0)
		return hazard_refuse(reason, "its status is \"%s\", neither firing nor resolved",
				     quote(&value, status));
	if (level < 0)
		return hazard_refuse(reason,
				     "its severity is \"%s\"; minor, moderate, severe and extreme "
				     "are known (and info, warning, critical, emergency)",
				     quote(&value, severity));
	if (!moment_read(starts, MOMENT_ZONE_NEEDED, &event->occurred_at))
		return hazard_refuse(reason, "it has no startsAt");
	event->sent_at = event->occurred_at;
	if (resolved && moment_read(text_of(alert, "endsAt"), MOMENT_ZONE_NEEDED, &ended) &&
	    ended > event->sent_at)
		event->sent_at = ended;
	event->hazard = HAZARD_OTHER;
	if (strcasecmp(said(alert, "drill"), "true") == 0)
		event->status = EVENT_EXERCISE;
	char *key = mem_format("%s %s", fingerprint[0] ? fingerprint : group, starts);
	event_add_key(event, key);
	free(key);
	const char *headline = said(alert, "title");
	event_set_text(&event->title, said(alert, "alertname"), TITLE_OF_EVENT_MOST);
	event_set_text(&event->headline, headline[0] ? headline : said(alert, "summary"),
		       HEADLINE_MOST);
	event_set_text(&event->text, said(alert, "description"), TEXT_OF_EVENT_MOST);
	event_set_text(&event->place, said(alert, "instance"), NAME_OF_AREA_MOST);
	if (!add_regions(event, said(alert, "region"), resolved ? 0 : level))
		return hazard_refuse(reason, "it names too many regions");
	return HAZARD_READ;
}

static enum hazard_read read_group(const json_t *group, struct events *events, struct buf *reason)
{
	const json_t *alerts = json_object_get(group, "alerts"), *alert;
	const char *version = text_of(group, "version"), *key = text_of(group, "groupKey");
	struct buf why = {0};
	struct quoted value;
	size_t i;

	if (!json_is_array(alerts) || strcmp(version, "4") != 0)
		return hazard_refuse(reason,
				     "is no webhook of Alertmanager: it has a version (\"4\", here "
				     "\"%s\") and alerts",
				     quote(&value, version));
	if (json_array_size(alerts) == 0)
		return hazard_pass(reason, "holds no alerts");
	enum hazard_read verdict = HAZARD_READ;
	json_array_foreach(alerts, i, alert)
	{
		struct hazard_event *event = events_add(events, FORMAT_ALERTMANAGER);
		if (!event)
			verdict = hazard_refuse(&why, "more than %d are not read", EVENTS_MOST);
		else
			verdict = read_alert(alert, key, event, &why);
		if (verdict != HAZARD_READ)
			break;
	}
	if (verdict != HAZARD_READ)
		verdict = hazard_refuse(reason, "alert %zu: %s", i + 1, buf_text(&why));
	buf_free(&why);
	return verdict;
}

enum hazard_read alertmanager_read(const void *bytes, size_t length, struct events *events,
				   struct buf *reason)
{
	json_error_t error;
	json_t *json = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);
	struct quoted value;

	if (!json)
		return hazard_refuse(reason, "line %d: is not sound JSON: %s", error.line,
				     quote(&value, error.text));
	enum hazard_read verdict = read_group(json, events, reason);
	json_decref(json);
	return verdict;
}
