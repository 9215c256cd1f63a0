/*
 * P2PQuake, CAP and Alertmanager; names of levels; the tables of areas.
 */

#include "common/base/mem.h"
#include "common/base/vocabulary.h"
#include "common/hazard/areas.h"
#include "common/hazard/event.h"
#include "common/roster/regions.h"
#include "common/text/moment.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void load_areas(void)
{
	struct buf fault = {0};

	setenv("TENKO_DATADIR", "config", 0);
	ck_assert_msg(areas_load(&fault), "%s", buf_text(&fault));
}

/* "region:level" of each area, by blanks. */
static char *tell_areas(const struct hazard_event *event)
{
	struct buf told = {0};

	for (size_t i = 0; i < event->area_count; i++)
		buf_format(&told, "%s%s:%d", i ? " " : "", event->areas[i].region,
			   event->areas[i].level);
	return buf_take(&told);
}

struct sample {
	const char *text;
	enum hazard_read verdict;
	const char *told; /* areas of the first event, or a part of the reason */
};

static void check_sample(enum hazard_format format, const struct sample *sample)
{
	struct events events;
	struct buf reason = {0};

	load_areas();
	enum hazard_read verdict =
		hazard_read(format, sample->text, strlen(sample->text), &events, &reason);
	ck_assert_msg(verdict == sample->verdict, "%s: %s", sample->text, buf_text(&reason));
	if (verdict == HAZARD_READ) {
		char *told = tell_areas(&events.list[0]);
		ck_assert_str_eq(told, sample->told);
		free(told);
	} else {
		ck_assert_msg(strstr(buf_text(&reason), sample->told) != NULL, "%s",
			      buf_text(&reason));
	}
	events_free(&events);
	buf_free(&reason);
}

#define POINT(pref, addr, area, scale) \
	"{\"pref\":\"" pref "\",\"addr\":\"" addr "\",\"isArea\":" area ",\"scale\":" scale "}"
#define QUAKE(type, most, points)                                                    \
	"{\"code\":551,\"issue\":{\"time\":\"2024/01/01 16:12:00\",\"type\":\"" type \
	"\",\"correct\":\"None\"},\"earthquake\":{\"time\":\"2024/01/01 16:10:00\"," \
	"\"maxScale\":" most "},\"points\":[" points "]}"
#define EEW(more, areas)                                                         \
	"{\"code\":556,\"issue\":{\"time\":\"2024/01/01 16:10:10\",\"eventId\":" \
	"\"20240101161010\",\"serial\":\"1\"}," more "\"areas\":[" areas "]}"
#define TSUNAMI(cancelled, areas)                                                                \
	"{\"code\":552,\"cancelled\":" cancelled ",\"issue\":{\"time\":\"2024/01/01 16:22:00\"," \
	"\"type\":\"Focus\"},\"areas\":[" areas "]}"

static const struct sample p2pquake[] = {
	/* names: full width or not, regions, places in towns, else the prefecture */
	{QUAKE("ScalePrompt", "50", POINT("東京都", "東京都２３区", "true", "50")), HAZARD_READ,
	 "350:50"},
	{QUAKE("ScalePrompt", "50", POINT("東京都", "東京都23区", "true", "50")), HAZARD_READ,
	 "350:50"},
	{QUAKE("ScalePrompt", "50", POINT("石川県", "石川県どこか", "true", "50")), HAZARD_READ,
	 "17:50"},
	{QUAKE("ScalePrompt", "50", POINT("どこか", "どこか", "true", "50")), HAZARD_READ, "-:50"},
	{QUAKE("DetailScale", "60",
	       POINT("北海道", "安平町早来北進", "false", "60") "," POINT("北海道", "札幌北区太平",
									  "false", "50")),
	 HAZARD_READ, "146:60 101:50"},
	{QUAKE("DetailScale", "40",
	       POINT("千葉県", "鎌ヶ谷市新鎌ヶ谷", "false",
		     "40") "," POINT("千葉県", "鎌ケ谷市初富", "false", "30")),
	 HAZARD_READ, "341:40"},
	/* 46: 5- or more, not reported yet */
	{QUAKE("ScalePrompt", "46", POINT("石川県", "石川県能登", "true", "46")), HAZARD_READ,
	 "390:46"},
	{QUAKE("ScalePrompt", "45.0", POINT("石川県", "石川県能登", "true", "45.0")), HAZARD_READ,
	 "390:45"},
	/* how strong, not where */
	{QUAKE("ScaleAndDestination", "10", ""), HAZARD_READ, "-:10"},
	{QUAKE("Destination", "-1", ""), HAZARD_PASSED, "names no intensities"},
	{QUAKE("ScalePrompt", "50", POINT("石川県", "石川県能登", "true", "51")), HAZARD_REFUSED,
	 "石川県能登"},
	{QUAKE("ScalePrompt", "50", POINT("石川県", "石川県能登", "true", "99")), HAZARD_REFUSED,
	 "no intensity"},
	{"{\"code\":551}", HAZARD_REFUSED, "551 without"},
	/* early warnings: 99 has no upper end, -1 is unknown */
	{EEW("", "{\"name\":\"石川県能登\",\"scaleFrom\":45.0,\"scaleTo\":99}"), HAZARD_READ,
	 "390:45"},
	{EEW("", "{\"name\":\"石川県能登\",\"scaleFrom\":-1,\"scaleTo\":-1}"), HAZARD_READ,
	 "390:40"},
	{EEW("", "{\"name\":\"石川県能登\",\"scaleFrom\":40,\"scaleTo\":55}"), HAZARD_READ,
	 "390:55"},
	{EEW("", "{\"name\":\"石川県能登\",\"scaleFrom\":40}"), HAZARD_REFUSED, "no range"},
	{EEW("\"cancelled\":true,", ""), HAZARD_READ, ""},
	/* tsunami; the end of all is no cancel */
	{TSUNAMI("false", "{\"name\":\"佐渡\",\"grade\":\"MajorWarning\"}"), HAZARD_READ, "375:4"},
	{TSUNAMI("false", "{\"name\":\"佐渡\",\"grade\":\"Watch\"}"), HAZARD_READ, "375:2"},
	{TSUNAMI("false", "{\"name\":\"佐渡\",\"grade\":\"Huge\"}"), HAZARD_REFUSED, "Huge"},
	{TSUNAMI("true", ""), HAZARD_READ, ""},
	{TSUNAMI("false", ""), HAZARD_REFUSED, "no areas"},
	/* what users felt never sets anything off, whatever it says */
	{"{\"code\":9611,\"confidence\":1,\"area_confidences\":{}}", HAZARD_PASSED, "users felt"},
	{"{\"code\":561,\"area\":250}", HAZARD_PASSED, "one user"},
	{"{\"code\":555,\"areas\":[]}", HAZARD_PASSED, "peers"},
	{"{\"code\":777}", HAZARD_PASSED, "777 is a code"},
	{"[{\"code\":561},{\"code\":555}]", HAZARD_PASSED, "peers"},
	{"[]", HAZARD_PASSED, "empty list"},
	{"[{\"code\":561}," QUAKE("ScalePrompt", "50",
				  POINT("石川県", "石川県能登", "true", "50")) "]",
	 HAZARD_READ, "390:50"},
	{"[{\"code\":561},{\"code\":551}]", HAZARD_REFUSED, "message 2: 551 without"},
	{"{}", HAZARD_REFUSED, "no code"},
	{"{\"code\":551", HAZARD_REFUSED, "line 1: is not sound JSON"},
	{"{\"code\":551,\"code\":552}", HAZARD_REFUSED, "duplicate"},
	{"{\"code\":551,\"x\":\"\\u0000\"}", HAZARD_REFUSED, "not sound JSON"},
};

START_TEST(p2pquake_messages)
{
	check_sample(FORMAT_P2PQUAKE, &p2pquake[_i]);
}
END_TEST

static struct hazard_event read_one(enum hazard_format format, const char *text)
{
	struct events events;
	struct buf reason = {0};

	load_areas();
	ck_assert_msg(hazard_read(format, text, strlen(text), &events, &reason) == HAZARD_READ,
		      "%s", buf_text(&reason));
	struct hazard_event event = events.list[0];
	for (size_t i = 1; i < events.count; i++)
		event_clear(&events.list[i]);
	free(events.list);
	buf_free(&reason);
	return event;
}

START_TEST(p2pquake_events)
{
	struct hazard_event quake =
		read_one(FORMAT_P2PQUAKE,
			 QUAKE("ScalePrompt", "50", POINT("石川県", "石川県能登", "true", "50")));
	struct hazard_event warning =
		read_one(FORMAT_P2PQUAKE, EEW("\"cancelled\":true,\"test\":true,", ""));
	struct hazard_event end = read_one(FORMAT_P2PQUAKE, TSUNAMI("true", ""));

	ck_assert_int_eq(quake.sent_at, 1704093120000); /* 16:12 in Japan */
	ck_assert_int_eq(quake.occurred_at, 1704093000000);
	ck_assert_str_eq(quake.keys[0], "p2pquake 2024/01/01 16:10:00");
	ck_assert_int_eq(warning.act, EVENT_CANCEL);
	ck_assert_int_eq(warning.status, EVENT_TEST);
	ck_assert_str_eq(warning.keys[0], "20240101161010");
	ck_assert_int_eq(end.act, EVENT_REPORT);
	ck_assert(end.restates);
	event_clear(&quake);
	event_clear(&warning);
	event_clear(&end);
}
END_TEST

#define ALERT(status, type, more, info)                                                   \
	"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>i2</identifier>" \
	"<sender>s</sender><sent>2024-01-01T16:10:00+09:00</sent><status>" status         \
	"</status><msgType>" type "</msgType><scope>Public</scope>" more info "</alert>"
#define INFO(severity, more)                                                       \
	"<info><language>ja-JP</language><category>Geo</category><event>e</event>" \
	"<urgency>Immediate</urgency><severity>" severity                          \
	"</severity><certainty>Observed</certainty>" more "</info>"
#define NAMED(name) "<area><areaDesc>" name "</areaDesc></area>"
#define CODED(kind, code)                                                                  \
	"<area><areaDesc>x</areaDesc><geocode><valueName>" kind "</valueName><value>" code \
	"</value></geocode></area>"

static const struct sample cap[] = {
	{ALERT("Actual", "Alert", "", INFO("Extreme", NAMED("石川県能登"))), HAZARD_READ, "390:4"},
	{ALERT("Actual", "Alert", "", INFO("Severe", NAMED("東京都; 神奈川県東部"))), HAZARD_READ,
	 "13:3 360:3"},
	{ALERT("Actual", "Alert", "", INFO("Moderate", NAMED("東京都、大阪府"))), HAZARD_READ,
	 "13:2 27:2"},
	{ALERT("Actual", "Alert", "", INFO("Minor", NAMED("佐渡"))), HAZARD_READ, "375:1"},
	{ALERT("Actual", "Alert", "", INFO("Unknown", NAMED("Tonga"))), HAZARD_READ, "-:1"},
	{ALERT("Actual", "Alert", "", INFO("Severe", NAMED("宮城県仙台市青葉区"))), HAZARD_READ,
	 "04:3"},
	{ALERT("Actual", "Alert", "", INFO("Severe", "")), HAZARD_READ, ":3"},
	{ALERT("Actual", "Alert", "", INFO("Severe", CODED("JMA region", "390"))), HAZARD_READ,
	 "390:3"},
	{ALERT("Actual", "Alert", "", INFO("Severe", CODED("JMA", "1310100"))), HAZARD_READ,
	 "350:3"},
	{ALERT("Actual", "Alert", "", INFO("Severe", CODED("jma", "014030"))), HAZARD_READ,
	 "155:3 156:3 157:3"},
	{ALERT("Actual", "Alert", "", INFO("Severe", CODED("ISO3166-2", "JP-17"))), HAZARD_READ,
	 "17:3"},
	/* the same digits mean another place to somebody else */
	{ALERT("Actual", "Alert", "", INFO("Severe", CODED("SAME", "013001"))), HAZARD_READ, "-:3"},
	/* an end is no cancel */
	{ALERT("Actual", "Update", "",
	       INFO("Severe", "<responseType>AllClear</responseType>" NAMED("東京都"))),
	 HAZARD_READ, "13:0"},
	{ALERT("Actual", "Cancel", "", ""), HAZARD_READ, ""},
	{ALERT("Actual", "Alert", "", ""), HAZARD_PASSED, "without info"},
	{ALERT("Draft", "Alert", "", INFO("Severe", NAMED("東京都"))), HAZARD_PASSED, "\"Draft\""},
	{ALERT("System", "Alert", "", INFO("Severe", NAMED("東京都"))), HAZARD_PASSED,
	 "\"System\""},
	{ALERT("Actual", "Ack", "", ""), HAZARD_PASSED, "\"Ack\""},
	{ALERT("Real", "Alert", "", ""), HAZARD_REFUSED, "status is \"Real\""},
	{ALERT("Actual", "Shout", "", ""), HAZARD_REFUSED, "msgType is \"Shout\""},
	{ALERT("Actual", "Alert", "", INFO("Bad", NAMED("東京都"))), HAZARD_REFUSED,
	 "severity is \"Bad\""},
	{"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'/>", HAZARD_REFUSED,
	 "this one has not"},
	{"<alert/>", HAZARD_REFUSED, "no alert of CAP"},
	{"<alert xmlns='http://www.incident.com/cap/1.0'/>", HAZARD_REFUSED, "no alert of CAP"},
	{"<!DOCTYPE alert><alert/>", HAZARD_REFUSED, "document type"},
};

START_TEST(cap_alerts)
{
	check_sample(FORMAT_CAP, &cap[_i]);
}
END_TEST

START_TEST(cap_follows_references)
{
	struct hazard_event event = read_one(
		FORMAT_CAP, ALERT("Exercise", "Cancel",
				  "<references>s,i1,2024-01-01T16:00:00+09:00</references>",
				  INFO("Severe", NAMED("東京都"))));

	ck_assert_int_eq(event.act, EVENT_CANCEL);
	ck_assert_int_eq(event.status, EVENT_EXERCISE);
	ck_assert_uint_eq(event.key_count, 2);
	ck_assert_str_eq(event.keys[0], "s,i2,2024-01-01T16:10:00+09:00");
	ck_assert_str_eq(event.keys[1], "s,i1,2024-01-01T16:00:00+09:00");
	ck_assert_int_eq(event.sent_at, 1704093000000);
	event_clear(&event);
}
END_TEST

/* Of two languages that say the same, Japanese is read. */
START_TEST(cap_is_read_in_japanese)
{
	struct hazard_event event = read_one(
		FORMAT_CAP,
		ALERT("Actual", "Alert", "",
		      "<info><language>en</language><event>Fire</event><severity>Severe</severity>"
		      "<headline>Fire</headline></info>" INFO("Severe",
							      "<headline>火事</headline>")));

	ck_assert_str_eq(event.headline, "火事");
	event_clear(&event);
}
END_TEST

#define GROUP(alerts) "{\"version\":\"4\",\"groupKey\":\"g\",\"alerts\":[" alerts "]}"
#define FIRING(status, labels)                                                                 \
	"{\"status\":\"" status "\",\"labels\":{" labels "},\"annotations\":{\"severity\":"    \
	"\"info\"},\"startsAt\":\"2024-01-01T07:10:00Z\",\"endsAt\":\"2024-01-01T08:00:00Z\"," \
	"\"fingerprint\":\"f\"}"

static const struct sample alertmanager[] = {
	{GROUP(FIRING("firing", "\"region\":\"390\",\"severity\":\"critical\"")), HAZARD_READ,
	 "390:3"},
	{GROUP(FIRING("firing", "\"region\":\"東京都23区, 大阪府,17\"")), HAZARD_READ,
	 "350:1 27:1 17:1"},
	{GROUP(FIRING("firing", "\"region\":\"Paris\"")), HAZARD_READ, "-:1"},
	{GROUP(FIRING("firing", "\"severity\":\"EMERGENCY\"")), HAZARD_READ, ":4"},
	{GROUP(FIRING("resolved", "\"region\":\"390\"")), HAZARD_READ, "390:0"},
	{GROUP(FIRING("firing", "\"severity\":\"so so\"")), HAZARD_REFUSED,
	 "alert 1: its severity is \"so so\""},
	{GROUP(FIRING("firing", "") "," FIRING("asleep", "")), HAZARD_REFUSED,
	 "alert 2: its status is \"asleep\""},
	{GROUP("{\"status\":\"firing\"}"), HAZARD_REFUSED, "startsAt"},
	{GROUP(""), HAZARD_PASSED, "no alerts"},
	{"{\"version\":\"3\",\"alerts\":[]}", HAZARD_REFUSED, "here \"3\""},
	{"{\"version\":\"4\"}", HAZARD_REFUSED, "no webhook"},
	{"[]", HAZARD_REFUSED, "no webhook"},
	{"", HAZARD_REFUSED, "is empty"},
	{"{", HAZARD_REFUSED, "not sound JSON"},
};

START_TEST(alertmanager_groups)
{
	check_sample(FORMAT_ALERTMANAGER, &alertmanager[_i]);
}
END_TEST

START_TEST(an_alert_is_one_until_it_is_resolved)
{
	struct hazard_event firing = read_one(FORMAT_ALERTMANAGER, GROUP(FIRING("firing", "")));
	struct hazard_event resolved = read_one(FORMAT_ALERTMANAGER, GROUP(FIRING("resolved", "")));

	ck_assert_str_eq(firing.keys[0], "f 2024-01-01T07:10:00Z");
	ck_assert_str_eq(firing.keys[0], resolved.keys[0]);
	ck_assert_int_eq(resolved.sent_at - firing.sent_at, 50 * 60 * 1000);
	ck_assert_int_eq(resolved.act, EVENT_REPORT);
	event_clear(&firing);
	event_clear(&resolved);
}
END_TEST

/* What would do something to a terminal, or be cut amid a character, does not get through. */
START_TEST(texts_are_tidied)
{
	struct buf text = {0};

	buf_text_add(&text, "{\"version\":\"4\",\"alerts\":[{\"status\":\"firing\",\"labels\":{"
			    "\"alertname\":\"a\\u001b[31m\\u009bb\\r\\nc\",\"title\":\"");
	for (int i = 0; i < 1000; i++)
		buf_text_add(&text, "長");
	buf_text_add(&text, "\"},\"startsAt\":\"2024-01-01T07:10:00Z\"}]}");
	struct hazard_event event = read_one(FORMAT_ALERTMANAGER, buf_text(&text));
	ck_assert_str_eq(event.title, "a [31m b\nc");
	ck_assert_uint_eq(strlen(event.headline), 999);
	event_clear(&event);
	buf_free(&text);
}
END_TEST

static const struct {
	enum hazard hazard;
	const char *name;
	int level;
} named[] = {
	{HAZARD_EARTHQUAKE, "5+", 50},
	{HAZARD_EARTHQUAKE, "5強", 50},
	{HAZARD_EARTHQUAKE, "50", 50},
	{HAZARD_EARTHQUAKE, "震度５強", 50},
	{HAZARD_EARTHQUAKE, "5 upper", 50},
	{HAZARD_EARTHQUAKE, "7", 70},
	{HAZARD_EARTHQUAKE, "1", 10},
	{HAZARD_EARTHQUAKE, "5", 0},
	{HAZARD_EARTHQUAKE, "", 0},
	{HAZARD_EARTHQUAKE, "震度５弱以上未入電", 46},
	{HAZARD_EEW, "6-", 55},
	{HAZARD_TSUNAMI, "Major warning", 4},
	{HAZARD_TSUNAMI, "大津波警報", 4},
	{HAZARD_TSUNAMI, "warning", 3},
	{HAZARD_TSUNAMI, "3", 0},
	{HAZARD_LANDSLIDE, "alert", 3},
	{HAZARD_WEATHER, "特別警報", 4},
	{HAZARD_VOLCANO, "3", 3},
	{HAZARD_VOLCANO, "噴火警戒レベル５", 5},
	{HAZARD_OTHER, "severe", 3},
	{HAZARD_NONE, "1", 0},
};

START_TEST(levels_have_names)
{
	ck_assert_msg(level_by_name(named[_i].hazard, named[_i].name) == named[_i].level, "%s",
		      named[_i].name);
}
END_TEST

/* Each name leads back to its level, and each level has a phrase in both languages. */
START_TEST(level_names_lead_back)
{
	int count = 0;

	for (int h = HAZARD_NONE + 1; h < HAZARD_END; h++) {
		for (int level = 1; level <= 100; level++) {
			const char *name = level_name((enum hazard)h, level);
			if (!name[0])
				continue;
			count++;
			ck_assert_int_eq(level_by_name((enum hazard)h, name), level);
			ck_assert_str_ne(level_phrase((enum hazard)h, level, LANGUAGE_JA), "");
			ck_assert_str_ne(level_phrase((enum hazard)h, level, LANGUAGE_EN), "");
		}
		ck_assert_str_eq(level_name((enum hazard)h, 0), "");
		ck_assert_str_eq(level_phrase((enum hazard)h, 0, LANGUAGE_JA), "");
	}
	ck_assert_int_eq(count, 10 + 4 + 4 + 4 + 5 + 10 + 4);
	ck_assert_str_eq(level_phrase(HAZARD_EARTHQUAKE, 50, LANGUAGE_JA), "震度5強");
}
END_TEST

static int regions_seen;

/* Every region of a coast and district exists: the loading checks it. Here: none is left out. */
static void in_a_district(const char *code, const char *name, void *arg)
{
	bool found = false;

	(void)arg;
	for (int pref = 9000; !found && pref < 9999; pref++) {
		char district[12];
		snprintf(district, sizeof district, "%d", pref);
		const struct area *area = area_by_code(AREAS_EEW, district);
		for (size_t i = 0; area && i < area->count; i++)
			found = found || strcmp(area->regions[i], code) == 0 ||
				strcmp(area->regions[i], region_prefecture(code)) == 0;
	}
	ck_assert_msg(found, "%s %s is in no district", code, name);
	regions_seen++;
}

START_TEST(the_tables_are_whole)
{
	char code[24];

	load_areas();
	ck_assert_str_eq(areas_version(), "2026-07");
	for (int pref = 1; pref <= 47; pref++) {
		snprintf(code, sizeof code, "%02d", pref);
		region_each(code, in_a_district, NULL);
		snprintf(code, sizeof code, "%02d0000", pref);
		ck_assert_msg(area_by_code(AREAS_FORECAST, code) || pref == 1 || pref >= 46, "%s",
			      code);
	}
	ck_assert_int_eq(regions_seen, 188);
	ck_assert_uint_eq(area_by_name(AREAS_TSUNAMI, "東京湾内湾")->count, 4);
}
END_TEST

static const struct {
	const char *code, *region;
} towns[] = {
	{"1310100", "350"},                     /* 千代田区 */
	{"2042900", "422"}, {"0134601", "105"}, /* a part of a town */
	{"0410000", "222"},                     /* cities, whose wards are in the table */
	{"4010000", "711"}, {"4013000", "710"}, {"2210001", "442"}, {"1413000", "360"},
	{"1415000", "361"}, {"2714000", "521"}, {"2710000", "520"}, {"0110000", "101"},
	{"4220200", "42"}, /* its parts lie in two regions */
	{"4699999", "46"},  {"4100000", "41"},  {"9999999", ""},    {"131010", ""},
	{"", ""},
};

START_TEST(towns_lead_to_regions)
{
	load_areas();
	ck_assert_str_eq(area_of_town(towns[_i].code), towns[_i].region);
}
END_TEST

START_TEST(damaged_tables_are_told)
{
	char folder[] = "/tmp/tenko-areas-XXXXXX";
	struct buf fault = {0};

	ck_assert_ptr_nonnull(mkdtemp(folder));
	char *regions = mem_format("%s/regions", folder);
	char *path = mem_format("%s/tsunami.tsv", regions);
	ck_assert_int_eq(mkdir(regions, 0700), 0);
	FILE *file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_gt(fputs("code\tname\tregions\n100\tx\t161 999\n", file), 0);
	ck_assert_int_eq(fclose(file), 0);
	setenv("TENKO_DATADIR", folder, 1);
	ck_assert(!areas_load(&fault));
	ck_assert_msg(strstr(buf_text(&fault), "tsunami.tsv:2: damaged"), "%s", buf_text(&fault));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(regions), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	/* mended, they load */
	buf_clear(&fault);
	setenv("TENKO_DATADIR", "config", 1);
	ck_assert_msg(areas_load(&fault), "%s", buf_text(&fault));
	free(regions);
	free(path);
	buf_free(&fault);
}
END_TEST

static const struct {
	const char *text;
	int zone;
	int64_t at; /* -1: refused */
} moments[] = {
	{"1970-01-01T00:00:00Z", MOMENT_ZONE_NEEDED, 0},
	{"2011-03-11T14:48:00+09:00", MOMENT_ZONE_NEEDED, 1299822480000},
	{"2011-03-11T05:48:00.250Z", MOMENT_ZONE_NEEDED, 1299822480250},
	{"2011-03-11T05:48:00.1234567-00:00", MOMENT_ZONE_NEEDED, 1299822480123},
	{"2011/03/11 14:48:00", MOMENT_JST, 1299822480000},
	{"2003-04-02T14:39:01-05:00", MOMENT_ZONE_NEEDED, 1049312341000},
	{"2024-02-29T00:00:00Z", 0, 1709164800000},
	{"2011/03/11 14:48:00", MOMENT_ZONE_NEEDED, -1},
	{"2023-02-29T00:00:00Z", 0, -1},
	{"2024-13-01T00:00:00Z", 0, -1},
	{"2024-00-01T00:00:00Z", 0, -1},
	{"2024-01-01T24:00:00Z", 0, -1},
	{"2024-01-01T00:60:00Z", 0, -1},
	{"2024-01-01T00:00:61Z", 0, -1},
	{"2024-01-01T00:00:00+24:00", 0, -1},
	{"2024-01-01T00:00:00+9", 0, -1},
	{"2024-01-01T00:00:00Zx", 0, -1},
	{"2024-01-01", 0, -1},
	{"", 0, -1},
	{"0000-01-01T00:00:00Z", 0, -1},
};

START_TEST(moments_are_read)
{
	int64_t at = -1;

	ck_assert_int_eq(moment_read(moments[_i].text, moments[_i].zone, &at), moments[_i].at >= 0);
	ck_assert_msg(at == moments[_i].at, "%s: %lld", moments[_i].text, (long long)at);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hazard_sources");
	TCase *tests = tcase_create("sources");

	tcase_add_loop_test(tests, p2pquake_messages, 0, LENGTH(p2pquake));
	tcase_add_test(tests, p2pquake_events);
	tcase_add_loop_test(tests, cap_alerts, 0, LENGTH(cap));
	tcase_add_test(tests, cap_follows_references);
	tcase_add_test(tests, cap_is_read_in_japanese);
	tcase_add_loop_test(tests, alertmanager_groups, 0, LENGTH(alertmanager));
	tcase_add_test(tests, an_alert_is_one_until_it_is_resolved);
	tcase_add_test(tests, texts_are_tidied);
	tcase_add_loop_test(tests, levels_have_names, 0, LENGTH(named));
	tcase_add_test(tests, level_names_lead_back);
	tcase_add_test(tests, the_tables_are_whole);
	tcase_add_loop_test(tests, towns_lead_to_regions, 0, LENGTH(towns));
	tcase_add_test(tests, damaged_tables_are_told);
	tcase_add_loop_test(tests, moments_are_read, 0, LENGTH(moments));
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
