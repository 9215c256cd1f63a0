#include "common/hazard/jma.h"

#include "common/base/mem.h"
#include "common/hazard/areas.h"
#include "common/hazard/build.h"
#include "common/hazard/parsers.h"
#include "common/roster/regions.h"
#include "common/text/moment.h"

#include <stdlib.h>
#include <string.h>

static const char namespace[] = "http://xml.kishou.go.jp/jmaxml1/";

/*
 * Kinds of telegrams by the beginning of their title; the first that fits counts. Those without a
 * reader are passed, and say why.
 */
static const struct kind_of_telegram {
	const char *title;
	enum hazard hazard;
	jma_family *read;
	const char *why;
} kinds[] = {
	/* VXSE51, 53, 61 */
	{"震度速報", HAZARD_EARTHQUAKE, jma_quake, NULL},
	{"震源・震度", HAZARD_EARTHQUAKE, jma_quake, NULL},
	{"顕著な地震の震源要素更新", HAZARD_EARTHQUAKE, jma_quake, NULL},
	/* VXSE52, 56, 60, 62, VZSE40 */
	{"震源に関する情報", HAZARD_NONE, NULL,
	 "names a hypocentre only; intensities come in reports of their own"},
	{"地震の活動状況等に関する情報", HAZARD_NONE, NULL,
	 "describes seismic activity; names no intensities"},
	{"地震回数に関する情報", HAZARD_NONE, NULL, "counts earthquakes; names no intensities"},
	{"長周期地震動に関する観測情報", HAZARD_NONE, NULL,
	 "is about long-period ground motion; intensities come in reports of their own"},
	{"地震・津波に関するお知らせ", HAZARD_NONE, NULL, "is a notice of the agency"},
	/* VXSE42, 43, 44, 45 */
	{"緊急地震速報配信テスト", HAZARD_NONE, NULL, "is a test of the distribution"},
	{"緊急地震速報", HAZARD_EEW, jma_eew, NULL},
	/* VTSE41, 51, 52 */
	{"津波警報・注意報・予報", HAZARD_TSUNAMI, jma_tsunami, NULL},
	{"津波情報", HAZARD_TSUNAMI, jma_tsunami, NULL},
	{"沖合の津波観測", HAZARD_NONE, NULL,
	 "is about observations off the coast; warnings come in reports of their own"},
	/* VYSE50, 51, 52, 60 */
	{"南海トラフ", HAZARD_NONE, NULL,
	 "is information on the Nankai trough; it names no regions"},
	{"北海道・三陸沖後発地震", HAZARD_NONE, NULL,
	 "is information on a following earthquake; it names no regions"},
	/* VPWW50, 53, 54, 55 to 61, VXWW50 */
	{"気象警報・注意報時系列", HAZARD_NONE, NULL,
	 "is about what may come; warnings come in reports of their own"},
	{"気象警報・注意報", HAZARD_WEATHER, jma_weather, NULL},
	{"気象特別警報・警報・注意報", HAZARD_WEATHER, jma_weather, NULL},
	{"土砂災害警戒情報", HAZARD_LANDSLIDE, jma_landslide, NULL},
	/* VFVO50, 52, 56 */
	{"噴火警報・予報", HAZARD_VOLCANO, jma_volcano, NULL},
	{"噴火に関する火山観測報", HAZARD_VOLCANO, jma_volcano, NULL},
	{"噴火速報", HAZARD_VOLCANO, jma_volcano, NULL},
};

static const struct kind_of_telegram *kind_by_title(const char *title)
{
	for (size_t i = 0; i < LENGTH(kinds); i++)
		if (strncmp(title, kinds[i].title, strlen(kinds[i].title)) == 0)
			return &kinds[i];
	return NULL;
}

int jma_intensity(const char *text)
{
	static const struct {
		const char *text;
		int level;
	} intensities[] = {{"0", 0},   {"1", 10},  {"2", 20},  {"3", 30},  {"4", 40},
			   {"5-", 45}, {"5+", 50}, {"6-", 55}, {"6+", 60}, {"7", 70}};

	for (size_t i = 0; i < LENGTH(intensities); i++)
		if (strcmp(text, intensities[i].text) == 0)
			return intensities[i].level;
	return strstr(text, "未入電") ? 46 : -1;
}

const char *jma_region(const char *code, const char *prefecture)
{
	if (strlen(code) == 3 && region_exists(code))
		return code;
	return strlen(prefecture) == 2 && region_exists(prefecture) ? prefecture : REGION_ELSEWHERE;
}

void jma_earthquake(struct jma *jma)
{
	const struct xml_node *quake = xml_at(jma->body, "Earthquake");
	const struct xml_node *magnitude = quake ? xml_at(quake, "Magnitude") : NULL;
	int64_t at;

	if (!quake)
		return;
	event_set_text(&jma->event->place, xml_text(quake, "Hypocenter/Area/Name"),
		       NAME_OF_AREA_MOST);
	/* "Ｍ６．６"; "Ｍ８を超える巨大地震" where the number is NaN */
	if (magnitude) {
		char *plain = area_plain(xml_attribute(magnitude, "description"));
		event_set_text(&jma->event->magnitude, plain, NAME_OF_AREA_MOST);
		free(plain);
	}
	if (moment_read(xml_text(quake, "OriginTime"), MOMENT_JST, &at))
		jma->event->occurred_at = at;
}

static enum hazard_read refuse_value(struct jma *jma, const struct xml_node *in, const char *path)
{
	struct quoted value;
	const struct xml_node *node = xml_at(in, path);

	if (!node)
		return hazard_refuse(jma->reason, "line %d: %s has no %s", in->line, in->name,
				     path);
	return hazard_refuse(jma->reason, "line %d: %s is \"%s\", which is unknown", node->line,
			     path, quote(&value, node->text));
}

static bool read_status(struct jma *jma)
{
	const char *text = xml_text(jma->control, "Status");

	if (strcmp(text, "通常") == 0)
		jma->event->status = EVENT_ACTUAL;
	else if (strcmp(text, "訓練") == 0)
		jma->event->status = EVENT_EXERCISE;
	else if (strcmp(text, "試験") == 0)
		jma->event->status = EVENT_TEST;
	else
		return false;
	return true;
}

/* 遅延 is a report that comes late. */
static bool read_act(struct jma *jma)
{
	const char *text = xml_text(jma->head, "InfoType");

	if (strcmp(text, "発表") == 0 || strcmp(text, "遅延") == 0)
		jma->event->act = EVENT_REPORT;
	else if (strcmp(text, "訂正") == 0)
		jma->event->act = EVENT_CORRECTION;
	else if (strcmp(text, "取消") == 0)
		jma->event->act = EVENT_CANCEL;
	else
		return false;
	return true;
}

/* Optional moments: 0 where there is none. */
static int64_t moment_of(const struct xml_node *node, const char *path)
{
	int64_t at;

	return moment_read(xml_text(node, path), MOMENT_JST, &at) ? at : 0;
}

/*
 * The event's ids: one shaking can have several in one EventID. Weather warnings have none: each
 * telegram restates what is in force under its heading ("山口県気象警報・注意報"), which is its key.
 * Another telegram without one is an event of its own.
 */
static void read_keys(struct jma *jma)
{
	event_add_keys(jma->event, xml_text(jma->head, "EventID"));
	if (jma->event->key_count == 0 && jma->event->hazard == HAZARD_WEATHER)
		event_add_key(jma->event, xml_text(jma->head, "Title"));
	if (jma->event->key_count > 0)
		return;
	char *key = mem_format("%s %s", jma->title, xml_text(jma->control, "DateTime"));
	event_add_key(jma->event, key);
	free(key);
}

static enum hazard_read read_envelope(struct jma *jma)
{
	struct hazard_event *event = jma->event;

	if (!read_status(jma))
		return refuse_value(jma, jma->control, "Status");
	if (!read_act(jma))
		return refuse_value(jma, jma->head, "InfoType");
	if (!moment_read(xml_text(jma->control, "DateTime"), 0, &event->sent_at))
		return refuse_value(jma, jma->control, "DateTime");
	event->occurred_at = moment_of(jma->head, "TargetDateTime");
	event->expires_at = moment_of(jma->head, "ValidDateTime");
	event_set_text(&event->title, jma->title, TITLE_OF_EVENT_MOST);
	event_set_text(&event->serial, xml_text(jma->head, "Serial"), NAME_OF_AREA_MOST);
	event_set_text(&event->headline, xml_text(jma->head, "Headline/Text"), HEADLINE_MOST);
	event_append(&event->text, xml_text(jma->body, "Text"), TEXT_OF_EVENT_MOST);
	const struct xml_node *comments = xml_at(jma->body, "Comments");
	for (const struct xml_node *c = comments ? comments->first : NULL; c; c = c->next)
		event_append(&event->text,
			     strcmp(c->name, "FreeFormComment") ? xml_text(c, "Text") : c->text,
			     TEXT_OF_EVENT_MOST);
	read_keys(jma);
	return HAZARD_READ;
}

static enum hazard_read read_report(const struct xml_node *report, struct events *events,
				    struct buf *reason)
{
	struct jma jma = {.control = xml_at(report, "Control"),
			  .head = xml_at(report, "Head"),
			  .body = xml_at(report, "Body"),
			  .title = xml_text(report, "Control/Title"),
			  .reason = reason};
	struct quoted title;

	if (strcmp(report->name, "Report") != 0 || strcmp(report->space, namespace) != 0)
		return hazard_refuse(reason, "line %d: %s is no JMA report", report->line,
				     quote(&title, report->name));
	if (!jma.control || !jma.head || !jma.body || !jma.title[0])
		return hazard_refuse(reason,
				     "line %d: a report has Control with a Title, Head and Body, "
				     "this one has not",
				     report->line);
	const struct kind_of_telegram *kind = kind_by_title(jma.title);
	if (!kind || !kind->read)
		return hazard_pass(reason, "\"%s\" %s", quote(&title, jma.title),
				   kind ? kind->why : "is a kind of telegram that is not acted on");
	jma.event = events_add(events, FORMAT_JMA);
	jma.event->hazard = kind->hazard;
	enum hazard_read verdict = read_envelope(&jma);
	if (verdict != HAZARD_READ)
		return verdict;
	/* A cancel's Body holds a Text only. */
	if (jma.event->act != EVENT_CANCEL)
		verdict = kind->read(&jma);
	return verdict;
}

enum hazard_read jma_read(const void *bytes, size_t length, struct events *events,
			  struct buf *reason)
{
	struct xml *xml = xml_read(bytes, length, reason);

	if (!xml)
		return HAZARD_REFUSED;
	enum hazard_read verdict = read_report(xml_root(xml), events, reason);
	xml_free(xml);
	return verdict;
}
