#include "common/base/mem.h"
#include "common/hazard/areas.h"
#include "common/hazard/build.h"
#include "common/hazard/parsers.h"
#include "common/roster/regions.h"
#include "common/text/moment.h"
#include "common/text/xml_reader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * Common Alerting Protocol 1.2 (OASIS), and 1.1, which differs in nothing that is read. An alert is
 * named by sender, identifier and sent; `references` names those it follows up in the same form, so
 * both are keys of the event.
 *
 * Areas lead to regions by geocodes that are ours ("JMA..." with a code of the agency, ISO 3166-2),
 * or by the names in areaDesc. Other codes are passed over: the same digits mean other places there.
 * An alert without areas says of no place.
 */

static const char *const spaces[] = {"urn:oasis:names:tc:emergency:cap:1.2",
				     "urn:oasis:names:tc:emergency:cap:1.1"};

struct word {
	const char *word;
	int number;
};

/* Alerts of unknown severity are minor at least. */
static const struct word severities[] = {
	{"Extreme", 4}, {"Severe", 3}, {"Moderate", 2}, {"Minor", 1}, {"Unknown", 1},
};
/* 0: nothing to act on */
static const struct word statuses[] = {
	{"Actual", EVENT_ACTUAL},
	{"Exercise", EVENT_EXERCISE},
	{"Test", EVENT_TEST},
	{"Draft", 0},
	{"System", 0},
};
static const struct word types[] = {
	{"Alert", EVENT_REPORT},
	{"Update", EVENT_REPORT},
	{"Cancel", EVENT_CANCEL},
	{"Ack", 0},
	{"Error", 0},
};

/* -1: the word is none of them. */
static int number_of(const struct word *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].number;
	return -1;
}

/* By a whole name, of any table; else by the prefecture it begins with. */
static const char *find_name(const char *text)
{
	const char *region = area_region_by_name(text);
	bool known = region[0];

	for (int table = AREAS_TSUNAMI; !known && table < AREA_TABLES; table++)
		known = area_by_name((enum area_table)table, text) != NULL;
	return known ? region : area_prefecture_in(text);
}

/* Adds the regions of one code or name; false: it leads to none. */
static bool add_named(struct hazard_event *event, const char *text, int level, const char *name,
		      bool is_code, bool *full)
{
	const struct area *area = NULL;
	const char *region = "";

	if (is_code && strlen(text) == 7)
		region = area_of_town(text);
	else if (is_code)
		region = region_exists(text) ? text : "";
	else
		region = find_name(text);
	for (int table = AREAS_TSUNAMI; !region[0] && !area && table < AREA_TABLES; table++) {
		/* three digits are a region, or would be a coast: not told apart */
		if (is_code && strlen(text) > 3)
			area = area_by_code((enum area_table)table, text);
		else if (!is_code)
			area = area_by_name((enum area_table)table, text);
	}
	if (!region[0] && !area)
		return false;
	for (size_t i = 0; i < (area ? area->count : 1); i++)
		if (!event_add_area(event, area ? area->regions[i] : region, is_code ? text : "",
				    "", level, name))
			*full = true;
	return true;
}

static bool add_geocode(struct hazard_event *event, const struct xml_node *code, int level,
			const char *name, bool *full)
{
	const char *kind = xml_text(code, "valueName"), *value = xml_text(code, "value");

	if (strncasecmp(kind, "JMA", 3) == 0)
		return add_named(event, value, level, name, true, full);
	if (strncasecmp(kind, "ISO", 3) == 0 && strncmp(value, "JP-", 3) == 0)
		return add_named(event, value + 3, level, name, true, full);
	return false;
}

/* "東京都; 神奈川県" -> each part that is a name we know. */
static bool add_names(struct hazard_event *event, const char *names, int level, bool *full)
{
	char *list = mem_string(names), *save = NULL;
	bool found = false;

	for (char *c = list; (c = strstr(c, "、")) != NULL;)
		memcpy(c, ";;;", 3);
	for (char *name = strtok_r(list, ";,\n", &save); name; name = strtok_r(NULL, ";,\n", &save))
		found = add_named(event, name, level, name, false, full) || found;
	free(list);
	return found;
}

static bool add_area(struct hazard_event *event, const struct xml_node *area, int level)
{
	const char *name = xml_text(area, "areaDesc");
	bool found = false, full = false;

	for (const struct xml_node *g = xml_at(area, "geocode"); g; g = xml_next(g))
		found = add_geocode(event, g, level, name, &full) || found;
	if (!found)
		found = add_names(event, name, level, &full);
	if (!found && !full)
		full = !event_add_area(event, REGION_ELSEWHERE, "", "", level, name);
	return !full;
}

/* The language to read where the same is said in several: Japanese, else the first. */
static const char *language_of(const struct xml_node *alert)
{
	for (const struct xml_node *i = xml_at(alert, "info"); i; i = xml_next(i))
		if (strncasecmp(xml_text(i, "language"), "ja", 2) == 0)
			return xml_text(i, "language");
	return xml_text(alert, "info/language");
}

static enum hazard_read read_info(const struct xml_node *info, struct hazard_event *event,
				  struct buf *reason)
{
	const char *severity = xml_text(info, "severity");
	int level = number_of(severities, LENGTH(severities), severity);
	struct quoted value;
	int64_t at;

	if (level < 0)
		return hazard_refuse(reason, "line %d: severity is \"%s\", which is unknown",
				     info->line, quote(&value, severity));
	/* What it was about poses no threat any more: an end, no cancel. */
	for (const struct xml_node *r = xml_at(info, "responseType"); r; r = xml_next(r))
		if (strcmp(r->text, "AllClear") == 0)
			level = 0;
	if (!event->title[0])
		event_set_text(&event->title, xml_text(info, "event"), TITLE_OF_EVENT_MOST);
	if (!event->headline[0])
		event_set_text(&event->headline, xml_text(info, "headline"), HEADLINE_MOST);
	event_append(&event->text, xml_text(info, "description"), TEXT_OF_EVENT_MOST);
	event_append(&event->text, xml_text(info, "instruction"), TEXT_OF_EVENT_MOST);
	if (moment_read(xml_text(info, "onset"), MOMENT_ZONE_NEEDED, &at))
		event->occurred_at = at;
	if (moment_read(xml_text(info, "expires"), MOMENT_ZONE_NEEDED, &at) &&
	    at > event->expires_at)
		event->expires_at = at;
	if (!xml_at(info, "area") && !event_add_area(event, "", "", "", level, ""))
		return hazard_refuse(reason, "line %d: names too many areas", info->line);
	for (const struct xml_node *a = xml_at(info, "area"); a; a = xml_next(a))
		if (!add_area(event, a, level))
			return hazard_refuse(reason, "line %d: names too many areas", a->line);
	return HAZARD_READ;
}

static enum hazard_read read_infos(const struct xml_node *alert, struct hazard_event *event,
				   struct buf *reason)
{
	const struct xml_node *info = xml_at(alert, "info");
	const char *language = language_of(alert);

	if (!info && event->act == EVENT_REPORT)
		return hazard_pass(reason, "is an alert without info: it says nothing");
	for (; info; info = xml_next(info)) {
		if (strcmp(xml_text(info, "language"), language) != 0)
			continue;
		enum hazard_read verdict = read_info(info, event, reason);
		if (verdict != HAZARD_READ)
			return verdict;
	}
	return HAZARD_READ;
}

static enum hazard_read read_alert(const struct xml_node *alert, struct events *events,
				   struct buf *reason)
{
	const char *status = xml_text(alert, "status"), *type = xml_text(alert, "msgType");
	int status_number = number_of(statuses, LENGTH(statuses), status);
	int act = number_of(types, LENGTH(types), type);
	const char *sender = xml_text(alert, "sender"), *sent = xml_text(alert, "sent");
	const char *identifier = xml_text(alert, "identifier");
	struct quoted value;
	int64_t sent_at;

	if (!sender[0] || !identifier[0] || !moment_read(sent, MOMENT_ZONE_NEEDED, &sent_at))
		return hazard_refuse(
			reason,
			"line %d: an alert has sender, identifier and sent with a zone, "
			"this one has not",
			alert->line);
	if (status_number < 0)
		return hazard_refuse(reason, "line %d: status is \"%s\", which is unknown",
				     alert->line, quote(&value, status));
	if (act < 0)
		return hazard_refuse(reason, "line %d: msgType is \"%s\", which is unknown",
				     alert->line, quote(&value, type));
	if (!status_number || !act)
		return hazard_pass(reason, "is of %s \"%s\": nothing to act on",
				   status_number ? "msgType" : "status",
				   status_number ? type : status);
	struct hazard_event *event = events_add(events, FORMAT_CAP);
	event->hazard = HAZARD_OTHER;
	event->status = (enum event_status)status_number;
	event->act = (enum event_act)act;
	event->sent_at = sent_at;
	char *key = mem_format("%s,%s,%s", sender, identifier, sent);
	event_add_key(event, key);
	free(key);
	event_add_keys(event, xml_text(alert, "references"));
	return read_infos(alert, event, reason);
}

enum hazard_read cap_read(const void *bytes, size_t length, struct events *events,
			  struct buf *reason)
{
	struct xml *xml = xml_read(bytes, length, reason);
	enum hazard_read verdict;
	struct quoted name;

	if (!xml)
		return HAZARD_REFUSED;
	const struct xml_node *root = xml_root(xml);
	if (strcmp(root->name, "alert") == 0 &&
	    (strcmp(root->space, spaces[0]) == 0 || strcmp(root->space, spaces[1]) == 0))
		verdict = read_alert(root, events, reason);
	else
		verdict = hazard_refuse(reason, "line %d: %s is no alert of CAP 1.1 or 1.2",
					root->line, quote(&name, root->name));
	xml_free(xml);
	return verdict;
}
