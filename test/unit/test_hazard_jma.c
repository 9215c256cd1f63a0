/*
 * JMA telegrams: what the rules for triggering need from them, each on the sample that shows it.
 */

#include "common/base/mem.h"
#include "common/hazard/areas.h"
#include "common/hazard/event.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFICIAL "test/data/jma/official/"

static void load_areas(void)
{
	struct buf fault = {0};

	setenv("TENKO_DATADIR", "config", 0);
	ck_assert_msg(areas_load(&fault), "%s", buf_text(&fault));
}

static struct buf read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	struct buf all = {0};
	char part[65536];
	size_t got;

	ck_assert_msg(file != NULL, "%s", path);
	while ((got = fread(part, 1, sizeof part, file)) > 0)
		buf_add(&all, part, got);
	ck_assert_int_eq(fclose(file), 0);
	return all;
}

static struct hazard_event read_text(const char *text, size_t length)
{
	struct events events;
	struct buf reason = {0};

	ck_assert_msg(hazard_read(FORMAT_JMA, text, length, &events, &reason) == HAZARD_READ, "%s",
		      buf_text(&reason));
	ck_assert_uint_eq(events.count, 1);
	struct hazard_event event = events.list[0];
	free(events.list);
	return event;
}

static struct hazard_event read_sample(const char *name)
{
	char *path = mem_format(OFFICIAL "%s", name);
	struct buf text = read_file(path);
	struct hazard_event event = read_text(text.data, text.length);

	buf_free(&text);
	free(path);
	return event;
}

/* The level of a region and kind of warning; -1: it is not in the event. */
static int level_of(const struct hazard_event *event, const char *region, const char *what)
{
	for (size_t i = 0; i < event->area_count; i++)
		if (strcmp(event->areas[i].region, region) == 0 &&
		    strcmp(event->areas[i].what, what) == 0)
			return event->areas[i].level;
	return -1;
}

/* Levels of regions in samples: one rule of triggering a line, or several. */
static const struct {
	const char *sample, *region, *what;
	int level;
} levels[] = {
	/* One event, one minute, three telegrams: 422 rises 4 -> 5-, 440 5+ -> 6-. */
	{"32-35_07_01_100915_VXSE51.xml", "422", "", 40},
	{"32-35_07_03_100915_VXSE51.xml", "422", "", 45},
	{"32-35_07_01_100915_VXSE51.xml", "440", "", 50},
	{"32-35_07_03_100915_VXSE51.xml", "440", "", 55},
	/* A region that vanishes from a later report. */
	{"32-35_06_04_240613_VXSE53.xml", "620", "", 10},
	{"32-35_06_05_240613_VXSE53.xml", "620", "", -1},
	/* 大蔵村 (241): MaxInt 4, but 5- or more not reported yet; its region says 5-. */
	{"32-35_06_05_240613_VXSE53.xml", "241", "", 46},
	/* 2011-03-11 */
	{"32-39_11_01_120615_VXSE51.xml", "220", "", 60},
	{"32-39_11_05_240613_VXSE53.xml", "220", "", 70},
	/* Tsunami: major, warning, advisory; a coast is all regions with a shore there. */
	{"32-39_11_02_250206_VTSE41.xml", "210", "", 4},
	{"32-39_11_02_250206_VTSE41.xml", "211", "", 4},
	{"32-39_11_02_250206_VTSE41.xml", "212", "", -1},
	{"32-39_11_02_250206_VTSE41.xml", "203", "", 3},
	{"32-39_11_02_250206_VTSE41.xml", "161", "", 2},
	{"32-39_11_02_250206_VTSE41.xml", "359", "", 2},
	/* The end is level 0, a mere forecast 1: no cancel. */
	{"32-39_11_13_250206_VTSE41.xml", "210", "", 1},
	{"38-39_02_04_250206_VTSE41.xml", "770", "", 0},
	/* Landslide alert: the third level of the warnings that took its place; then its end. */
	{"17_02_01_190529_VXWW50.xml", "107", "landslide", 3},
	{"17_02_03_190529_VXWW50.xml", "107", "landslide", 0},
	/* A town whose code is gone from the tables: its prefecture. */
	{"17_01_01_190529_VXWW50.xml", "40", "landslide", 3},
	/* Weather, by region and kind, over the towns of the region. */
	{"15_11_01_150916_VPWW54.xml", "702", "surge", 2},
	{"15_11_01_150916_VPWW54.xml", "702", "frost", 1},
	{"15_11_03_150916_VPWW54.xml", "380", "snow", 4},
	{"15_16_03_241226_VPWW55.xml", "135", "rain", 3},
	{"15_16_03_241226_VPWW55.xml", "136", "rain", 1},
	{"15_16_01_241031_VPWW56.xml", "135", "landslide", 3},
	{"15_16_02_250630_VPWW57.xml", "510", "surge", 3},
	/* Volcano: alert level over its towns; lifted; an eruption. */
	{"45_01_01_200522_VFVO50.xml", "320", "", 3},
	{"45_01_01_200522_VFVO50.xml", "421", "", 3},
	{"45_02_01_200522_VFVO50.xml", "361", "", 5},
	{"45_03_01_200731_VFVO50.xml", "320", "", 0},
	{"67_01_01_140927_VFVO56.xml", "430", "", 3},
	{"43_01_01_200522_VFVO52.xml", REGION_ELSEWHERE, "", 3},
	/* Early warning: the upper end of the range. */
	{"37_01_02_240613_VXSE43.xml", "622", "", 55},
	{"37_01_02_240613_VXSE43.xml", "571", "", 40},
};

START_TEST(regions_have_their_levels)
{
	load_areas();
	struct hazard_event event = read_sample(levels[_i].sample);
	ck_assert_msg(level_of(&event, levels[_i].region, levels[_i].what) == levels[_i].level,
		      "%s %s: %d", levels[_i].sample, levels[_i].region,
		      level_of(&event, levels[_i].region, levels[_i].what));
	event_clear(&event);
}
END_TEST

/* Serial is no key, and ReportDateTime no order: these three differ in Control/DateTime only. */
START_TEST(telegrams_of_one_minute_have_an_order)
{
	load_areas();
	struct hazard_event one = read_sample("32-35_07_01_100915_VXSE51.xml");
	struct hazard_event two = read_sample("32-35_07_02_100915_VXSE51.xml");
	struct hazard_event three = read_sample("32-35_07_03_100915_VXSE51.xml");
	ck_assert_str_eq(one.keys[0], "20090811050711");
	ck_assert_str_eq(one.keys[0], three.keys[0]);
	ck_assert_str_eq(one.serial, "");
	ck_assert_int_eq(two.sent_at - one.sent_at, 15000);
	ck_assert_int_eq(three.sent_at - two.sent_at, 15000);
	event_clear(&one);
	event_clear(&two);
	event_clear(&three);
}
END_TEST

START_TEST(a_cancel_has_a_text_and_no_areas)
{
	load_areas();
	struct hazard_event cancel = read_sample("32-39_05_12_100915_VXSE53.xml");
	struct hazard_event first = read_sample("32-39_05_01_100831_VXSE53.xml");
	ck_assert_int_eq(cancel.act, EVENT_CANCEL);
	ck_assert_uint_eq(cancel.area_count, 0);
	ck_assert_uint_gt(strlen(cancel.text), 0);
	ck_assert_str_eq(cancel.title, first.title);
	ck_assert_str_eq(cancel.keys[0], first.keys[0]);
	/* the cancel comes many hours after the first report */
	ck_assert_int_gt(cancel.sent_at - first.sent_at, 17 * 3600 * 1000);
	event_clear(&cancel);
	event_clear(&first);
}
END_TEST

START_TEST(one_telegram_can_have_two_events)
{
	load_areas();
	struct hazard_event event = read_sample("38-39_02_03_250206_VTSE51.xml");
	ck_assert_uint_eq(event.key_count, 2);
	ck_assert_str_eq(event.keys[0], "20151114055157");
	ck_assert_str_eq(event.keys[1], "20151114061750");
	event_clear(&event);
}
END_TEST

START_TEST(warnings_without_an_id_have_their_heading_as_key)
{
	load_areas();
	struct hazard_event event = read_sample("15_16_03_241226_VPWW55.xml");
	ck_assert_uint_eq(event.key_count, 1);
	ck_assert_str_eq(event.keys[0], "宗谷地方大雨警報・注意報");
	ck_assert(event.restates);
	event_clear(&event);
}
END_TEST

START_TEST(a_report_of_a_quake_says_where_and_how_strong)
{
	load_areas();
	struct hazard_event event = read_sample("32-39_11_05_240613_VXSE53.xml");
	ck_assert_str_eq(event.place, "三陸沖");
	ck_assert_str_eq(event.magnitude, "M8を超える巨大地震");
	ck_assert_int_eq(event.occurred_at, 1299822360000); /* 2011-03-11T14:46+09:00 */
	ck_assert_int_eq(event.sent_at, 1299822898000);     /* 2011-03-11T05:54:58Z */
	ck_assert(!event.restates);
	event_clear(&event);
}
END_TEST

START_TEST(warnings_may_say_how_long_they_hold)
{
	load_areas();
	struct hazard_event event = read_sample("32-39_11_13_250206_VTSE41.xml");
	ck_assert_int_eq(event.expires_at, 1300093200000); /* 2011-03-14T18:00+09:00 */
	event_clear(&event);
}
END_TEST

/*
 * Telegrams put together here.
 */

struct made {
	const char *title, *status, *type, *id, *body;
};

static struct buf make(const struct made *m)
{
	struct buf text = {0};

	buf_format(&text,
		   "<Report xmlns='http://xml.kishou.go.jp/jmaxml1/'><Control><Title>%s</Title>"
		   "<DateTime>2024-01-01T07:10:00Z</DateTime><Status>%s</Status></Control>"
		   "<Head xmlns='http://xml.kishou.go.jp/jmaxml1/informationBasis1/'>"
		   "<Title>%s</Title><TargetDateTime>2024-01-01T16:10:00+09:00</TargetDateTime>"
		   "<EventID>%s</EventID><InfoType>%s</InfoType><Serial/></Head>"
		   "<Body xmlns='http://xml.kishou.go.jp/jmaxml1/body/seismology1/'>%s</Body>"
		   "</Report>",
		   m->title, m->status, m->title, m->id, m->type, m->body);
	return text;
}

#define AREA(pref, code, rest)                                                               \
	"<Intensity><Observation><Pref><Code>" pref "</Code><Area><Name>X</Name><Code>" code \
	"</Code>" rest "</Area></Pref></Observation></Intensity>"
#define EEW(pref, code, from, to)                                                          \
	"<Intensity><Forecast><Pref><Code>" pref "</Code><Area><Name>X</Name><Code>" code  \
	"</Code><Category><Kind><Code>10</Code></Kind></Category><ForecastInt><From>" from \
	"</From><To>" to "</To></ForecastInt></Area></Pref></Forecast></Intensity>"
#define TSUNAMI(code, name, kind)                                                          \
	"<Tsunami><Forecast><Item><Area><Name>" name "</Name><Code>" code "</Code></Area>" \
	"<Category><Kind><Code>" kind "</Code></Kind></Category></Item></Forecast></Tsunami>"
#define WARNING(type, kind, status, code, name)                                           \
	"<Warning type='気象警報・注意報（" type "）'><Item><Kind><Code>" kind            \
	"</Code><Status>" status "</Status></Kind><Area><Name>" name "</Name><Code>" code \
	"</Code></Area></Item>"                                                           \
	"</Warning>"

static const struct {
	const char *title, *body, *region, *what;
	int level;
} made[] = {
	/* 5- or more, not reported yet, and nothing else of the area */
	{"震源・震度に関する情報",
	 AREA("17", "390", "<City><Condition>震度５弱以上未入電</Condition></City>"), "390", "",
	 46},
	{"震源・震度に関する情報",
	 AREA("17", "390",
	      "<MaxInt>4</MaxInt><City><Condition>震度５弱以上未入電</Condition></City>"),
	 "390", "", 46},
	{"震源・震度に関する情報",
	 AREA("17", "390",
	      "<City><IntensityStation><Int>震度５弱以上未入電</Int></IntensityStation></City>"),
	 "390", "", 46},
	{"震源・震度に関する情報",
	 AREA("17", "390",
	      "<MaxInt>6-</MaxInt><City><Condition>震度５弱以上未入電</Condition></City>"),
	 "390", "", 55},
	/* a region that our tables do not know: its prefecture; that neither: elsewhere */
	{"震度速報", AREA("17", "399", "<MaxInt>7</MaxInt>"), "17", "", 70},
	{"震度速報", AREA("99", "399", "<MaxInt>7</MaxInt>"), REGION_ELSEWHERE, "", 70},
	/* early warnings: ranges that are open or unknown, an unknown region of a district */
	{"緊急地震速報（警報）", EEW("9170", "390", "5-", "over"), "390", "", 45},
	{"緊急地震速報（警報）", EEW("9170", "390", "4", "不明"), "390", "", 40},
	{"緊急地震速報（警報）", EEW("9170", "390", "不明", "不明"), "390", "", 40},
	{"緊急地震速報（警報）", EEW("9170", "399", "4", "5+"), "17", "", 50},
	{"緊急地震速報（警報）", EEW("9013", "999", "4", "5+"), "135", "", 50},
	{"緊急地震速報（警報）", EEW("9999", "999", "4", "5+"), REGION_ELSEWHERE, "", 50},
	/* coasts by name, by their prefecture, and those of nobody */
	{"津波警報・注意報・予報a", TSUNAMI("999", "宮城県", "51"), "221", "", 3},
	{"津波警報・注意報・予報a", TSUNAMI("999", "宮城県北部", "51"), "04", "", 3},
	{"津波警報・注意報・予報a", TSUNAMI("999", "アラスカ", "51"), REGION_ELSEWHERE, "", 3},
	{"津波警報・注意報・予報a", TSUNAMI("220", "", "50"), "222", "", 0},
	/* towns that are gone, wards of a city, a prefecture where no towns are named */
	{"気象警報・注意報（Ｈ２７）", WARNING("市町村等", "33", "発表", "0134699", "八雲町熊石"),
	 "105", "rain", 4},
	{"気象警報・注意報（Ｈ２７）", WARNING("市町村等", "03", "発表", "2210002", "静岡市北部"),
	 "442", "rain", 2},
	{"気象警報・注意報（Ｈ２７）", WARNING("市町村等", "03", "発表", "0110000", "札幌市"),
	 "101", "rain", 2},
	{"気象警報・注意報（Ｈ２７）", WARNING("市町村等", "03", "発表", "0499900", "昔の町"), "04",
	 "rain", 2},
	{"気象警報・注意報（Ｈ２７）",
	 WARNING("府県予報区等", "05", "発表", "014100", "釧路・根室地方"), "167", "wind", 2},
	{"気象警報・注意報（Ｈ２７）", WARNING("市町村等", "05", "解除", "1310100", "千代田区"),
	 "350", "wind", 0},
};

START_TEST(what_is_made_has_its_levels)
{
	struct made m = {made[_i].title, "通常", "発表", "1", made[_i].body};
	struct buf text = make(&m);

	load_areas();
	struct hazard_event event = read_text(text.data, text.length);
	ck_assert_msg(level_of(&event, made[_i].region, made[_i].what) == made[_i].level,
		      "%d: %s: %d", _i, made[_i].region,
		      level_of(&event, made[_i].region, made[_i].what));
	event_clear(&event);
	buf_free(&text);
}
END_TEST

#define QUAKE AREA("17", "390", "<MaxInt>7</MaxInt>")

static const struct {
	struct made made;
	enum event_status status;
	enum event_act act;
} envelopes[] = {
	{{"震度速報", "通常", "発表", "1", QUAKE}, EVENT_ACTUAL, EVENT_REPORT},
	{{"震度速報", "訓練", "訂正", "1", QUAKE}, EVENT_EXERCISE, EVENT_CORRECTION},
	{{"震度速報", "試験", "取消", "1", "<Text>x</Text>"}, EVENT_TEST, EVENT_CANCEL},
	{{"震度速報", "通常", "遅延", "1", QUAKE}, EVENT_ACTUAL, EVENT_REPORT},
};

START_TEST(status_and_act_are_read)
{
	struct buf text = make(&envelopes[_i].made);

	load_areas();
	struct hazard_event event = read_text(text.data, text.length);
	ck_assert_int_eq(event.status, envelopes[_i].status);
	ck_assert_int_eq(event.act, envelopes[_i].act);
	event_clear(&event);
	buf_free(&text);
}
END_TEST

START_TEST(a_report_without_an_id_is_an_event_of_its_own)
{
	struct made m = {"震度速報", "通常", "発表", "", QUAKE};
	struct buf text = make(&m);

	load_areas();
	struct hazard_event event = read_text(text.data, text.length);
	ck_assert_uint_eq(event.key_count, 1);
	ck_assert_str_eq(event.keys[0], "震度速報 2024-01-01T07:10:00Z");
	event_clear(&event);
	buf_free(&text);
}
END_TEST

static const struct {
	struct made made;
	enum hazard_read verdict;
	const char *reason; /* a part of it */
} refused[] = {
	{{"降灰予報（定時）", "通常", "発表", "1", ""},
	 HAZARD_PASSED,
	 "\"降灰予報（定時）\" is a kind"},
	{{"震度速報", "普通", "発表", "1", QUAKE}, HAZARD_REFUSED, "Status is \"普通\""},
	{{"震度速報", "通常", "発表中", "1", QUAKE}, HAZARD_REFUSED, "InfoType is \"発表中\""},
	{{"震度速報", "通常", "発表", "1", ""}, HAZARD_REFUSED, "names none"},
	{{"震度速報", "通常", "発表", "1", AREA("17", "390", "<MaxInt>8</MaxInt>")},
	 HAZARD_REFUSED,
	 "\"8\" is no seismic intensity"},
	{{"震度速報", "通常", "発表", "1", AREA("17", "390", "")},
	 HAZARD_REFUSED,
	 "is no seismic intensity"},
	{{"緊急地震速報（警報）", "通常", "発表", "1", EEW("9170", "390", "4", "9")},
	 HAZARD_REFUSED,
	 "no range"},
	{{"津波警報・注意報・予報a", "通常", "発表", "1", TSUNAMI("220", "", "99")},
	 HAZARD_REFUSED,
	 "\"99\" is no kind of tsunami warning"},
	{{"津波情報a", "通常", "発表", "1", "<Tsunami/>"}, HAZARD_PASSED, "without a forecast"},
	{{"気象警報・注意報（Ｈ２７）", "通常", "発表", "", ""}, HAZARD_REFUSED, "none for towns"},
	{{"気象警報・注意報（Ｈ２７）", "通常", "発表", "",
	  WARNING("市町村等", "77", "発表", "1310100", "千代田区")},
	 HAZARD_REFUSED,
	 "\"77\" is no kind of warning"},
	{{"噴火警報・予報", "通常", "発表", "306", ""}, HAZARD_REFUSED, "no volcano"},
};

START_TEST(what_is_not_read_says_why)
{
	struct buf text = make(&refused[_i].made), reason = {0};
	struct events events;

	load_areas();
	ck_assert_int_eq(hazard_read(FORMAT_JMA, text.data, text.length, &events, &reason),
			 refused[_i].verdict);
	ck_assert_uint_eq(events.count, 0);
	ck_assert_msg(strstr(buf_text(&reason), refused[_i].reason) != NULL, "%s",
		      buf_text(&reason));
	buf_free(&text);
	buf_free(&reason);
}
END_TEST

static const struct {
	const char *text, *reason;
} hostile[] = {
	{"", "is empty"},
	{"<html><body>503</body></html>", "html is no JMA report"},
	{"<Report/>", "no JMA report"},
	{"<Report xmlns='http://xml.kishou.go.jp/jmaxml1/'/>", "has Control"},
	{"<!DOCTYPE Report [<!ENTITY a 'b'>]><Report>&a;</Report>", "document type"},
	{"{\"code\":551}", "line 1"},
};

START_TEST(what_is_hostile_is_refused)
{
	struct buf reason = {0};
	struct events events;

	load_areas();
	ck_assert_int_eq(hazard_read(FORMAT_JMA, hostile[_i].text, strlen(hostile[_i].text),
				     &events, &reason),
			 HAZARD_REFUSED);
	ck_assert_msg(strstr(buf_text(&reason), hostile[_i].reason) != NULL, "%s",
		      buf_text(&reason));
	buf_free(&reason);
}
END_TEST

START_TEST(what_is_too_long_is_refused_unread)
{
	struct buf reason = {0};
	struct events events;
	size_t length = (size_t)200 << 20;
	char *bytes = mem_alloc(length); /* never touched: costs no memory */

	ck_assert_int_eq(hazard_read(FORMAT_JMA, bytes, length, &events, &reason), HAZARD_REFUSED);
	ck_assert_str_eq(buf_text(&reason), "has 209715200 bytes; at most 4194304 are read");
	ck_assert_int_eq(hazard_guess(bytes, length), FORMAT_NONE);
	free(bytes);
	buf_free(&reason);
}
END_TEST

/* A letter of a telegram that got lost or changed on the way: never a crash, never silence. */
START_TEST(what_is_damaged_is_told)
{
	struct buf text = read_file(OFFICIAL "32-39_11_01_120615_VXSE51.xml"), reason = {0};
	struct events events;

	load_areas();
	for (size_t at = 0; at < text.length; at += 5) {
		char kept = text.data[at];
		text.data[at] = '<';
		enum hazard_read verdict =
			hazard_read(FORMAT_JMA, text.data, text.length, &events, &reason);
		ck_assert_msg(verdict == HAZARD_READ || reason.length > 0, "byte %zu", at);
		events_free(&events);
		text.data[at] = kept;
	}
	buf_free(&text);
	buf_free(&reason);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hazard_jma");
	TCase *tests = tcase_create("jma");

	tcase_add_loop_test(tests, regions_have_their_levels, 0, LENGTH(levels));
	tcase_add_test(tests, telegrams_of_one_minute_have_an_order);
	tcase_add_test(tests, a_cancel_has_a_text_and_no_areas);
	tcase_add_test(tests, one_telegram_can_have_two_events);
	tcase_add_test(tests, warnings_without_an_id_have_their_heading_as_key);
	tcase_add_test(tests, a_report_of_a_quake_says_where_and_how_strong);
	tcase_add_test(tests, warnings_may_say_how_long_they_hold);
	tcase_add_loop_test(tests, what_is_made_has_its_levels, 0, LENGTH(made));
	tcase_add_loop_test(tests, status_and_act_are_read, 0, LENGTH(envelopes));
	tcase_add_test(tests, a_report_without_an_id_is_an_event_of_its_own);
	tcase_add_loop_test(tests, what_is_not_read_says_why, 0, LENGTH(refused));
	tcase_add_loop_test(tests, what_is_hostile_is_refused, 0, LENGTH(hostile));
	tcase_add_test(tests, what_is_too_long_is_refused_unread);
	tcase_add_test(tests, what_is_damaged_is_told);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
