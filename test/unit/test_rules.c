/*
 * Rules as files: what they may say, what is said about those that are wrong; and the texts that are
 * made from templates.
 */

#include "common/base/utf8.h"
#include "common/hazard/areas.h"
#include "common/hazard/fill.h"
#include "common/roster/regions.h"
#include "test/unit/hazard_world.h"
#include "test/unit/run.h"

#include <sys/stat.h>
#include <unistd.h>

#define MINIMAL "[a]\nhazard = earthquake\nthreshold = 5+\n"

static void load(void)
{
	struct buf fault = {0};

	setenv("TENKO_DATADIR", "config", 0);
	ck_assert_msg(areas_load(&fault), "%s", buf_text(&fault));
}

static void read_good(const char *text, struct rules *rules)
{
	struct buf fault = {0};

	ck_assert_msg(rules_read_bytes("a.conf", text, strlen(text), rules, &fault), "%s",
		      buf_text(&fault));
	buf_free(&fault);
}

static void check_faults(const char *bytes, size_t length, const char *expected)
{
	struct rules rules;
	struct buf fault = {0};

	ck_assert(!rules_read_bytes("a.conf", bytes, length, &rules, &fault));
	ck_assert_str_eq(buf_text(&fault), expected);
	ck_assert_uint_eq(rules.count, 0);
	buf_free(&fault);
}

static void check_fault(const char *text, const char *expected)
{
	check_faults(text, strlen(text), expected);
}

static void find_value(const char *key, const char *value, void *arg)
{
	const char **wanted = arg;

	if (strcmp(wanted[0], key) != 0)
		return;
	ck_assert_str_eq(value, wanted[1]);
	wanted[2] = "found";
}

static void check_value(const struct rule *rule, const char *key, const char *value)
{
	const char *wanted[3] = {key, value, NULL};

	rule_each_value(rule, find_value, wanted);
	ck_assert_msg(wanted[2] != NULL, "no key %s", key);
}

/* reading */

START_TEST(what_is_not_named_has_its_default)
{
	struct rules rules;

	read_good(MINIMAL, &rules);
	ck_assert_uint_eq(rules.count, 1);
	const struct rule *r = &rules.list[0];
	ck_assert_str_eq(r->name, "a");
	ck_assert_str_eq(r->file, "a.conf");
	ck_assert_int_eq(r->line, 1);
	ck_assert(r->enabled && !r->drill_only && !r->exercises && !r->cancel_stops);
	ck_assert_int_eq(r->threshold, 50);
	ck_assert_uint_eq(r->addresses, ADDRESS_WORK | ADDRESS_HOME);
	ck_assert_uint_eq(r->region_count + r->source_count + r->group_count, 0);
	ck_assert_str_eq(r->template, "hazard-earthquake");
	ck_assert_str_eq(r->correction_template, "hazard-correction");
	ck_assert_int_eq(r->kind, KIND_SAFETY);
	ck_assert_uint_eq(r->channels, 0);
	ck_assert_int_eq(r->guard, 120000);
	ck_assert_int_eq(r->age_most, 3600000);
	ck_assert(r->hold == 0 && r->suppress == 0 && r->daily_most == 0);
	rules_free(&rules);
}
END_TEST

START_TEST(every_key_is_read_and_written)
{
	struct rules rules;

	read_good("# more than one rule\n"
		  "[first]\n"
		  "threshold = 4\n" /* the order of the keys does not matter */
		  "hazard = volcano\n"
		  "enabled = no\n"
		  "\n"
		  "[second.rule_2-x]\n"
		  "hazard = earthquake\n"
		  "threshold = 震度６弱\n"
		  "regions = 350, 04\n"
		  "  220\n"
		  "sources = jma p2pquake\n"
		  "addresses = second,department\n"
		  "groups = G01, G02\n"
		  "template = fire\n"
		  "correction_template = all-clear\n"
		  "kind = notice\n"
		  "channels = mail, push\n"
		  "hold = 10m\n"
		  "suppress = 1d\n"
		  "stronger_breaks = yes\n"
		  "guard = 90\n"
		  "daily_most = 3\n"
		  "age_most = 2h\n"
		  "drill_only = yes\n"
		  "exercises = yes\n"
		  "cancel_stops = yes\n",
		  &rules);
	ck_assert_uint_eq(rules.count, 2);
	check_value(&rules.list[0], "threshold", "4");
	check_value(&rules.list[0], "template", "hazard-volcano");
	check_value(&rules.list[0], "enabled", "no");
	check_value(&rules.list[0], "regions", "all");
	check_value(&rules.list[0], "channels", "settings");
	const struct rule *r = &rules.list[1];
	ck_assert_int_eq(r->line, 7);
	check_value(r, "hazard", "earthquake");
	check_value(r, "threshold", "6-");
	check_value(r, "regions", "350, 04, 220");
	check_value(r, "sources", "jma, p2pquake");
	check_value(r, "addresses", "second, department");
	check_value(r, "groups", "G01, G02");
	check_value(r, "template", "fire");
	check_value(r, "correction_template", "all-clear");
	check_value(r, "kind", "notice");
	check_value(r, "channels", "mail, push");
	check_value(r, "hold", "10m");
	check_value(r, "suppress", "1d");
	check_value(r, "stronger_breaks", "yes");
	check_value(r, "guard", "90s");
	check_value(r, "daily_most", "3");
	check_value(r, "age_most", "2h");
	check_value(r, "drill_only", "yes");
	check_value(r, "exercises", "yes");
	check_value(r, "cancel_stops", "yes");
	rules_free(&rules);
}
END_TEST

START_TEST(no_rules_are_no_fault)
{
	struct rules rules;

	read_good("", &rules);
	ck_assert_uint_eq(rules.count, 0);
	read_good("# nothing\n", &rules);
	ck_assert_uint_eq(rules.count, 0);
	rules_free(&rules);
}
END_TEST

START_TEST(every_fault_is_told_at_once)
{
	check_fault("[a]\n"
		    "hazard = earthquake\n"
		    "threshold = strong\n"
		    "regions = 350, 999\n"
		    "hold = 2 days\n"
		    "enabled = on\n"
		    "daily_most = -1\n"
		    "[b]\n"
		    "hazard = fire\n",
		    "a.conf:6: [a] enabled: expected yes or no, found \"on\"\n"
		    "a.conf:3: [a] threshold: expected a level of earthquake (1, 2, 3, 4, 5-, "
		    "5-or-more, 5+, 6-, 6+, 7), found \"strong\"\n"
		    "a.conf:4: [a] regions: no region or prefecture has the code \"999\"; codes "
		    "stand in regions.tsv and prefectures.csv\n"
		    "a.conf:5: [a] hold: expected a duration such as 90s, 5m, 2h or 7d, found \"2 "
		    "days\"\n"
		    "a.conf:7: [a] daily_most: -1 is out of range, expected 0 to 1000\n"
		    "a.conf:9: [b] hazard: expected one of earthquake, tsunami, landslide, "
		    "weather, volcano, eew, other; found \"fire\"\n"
		    "a.conf:8: [b] threshold: is missing; every rule needs it\n");
}
END_TEST

START_TEST(faults_of_sections)
{
	check_fault("hazard = earthquake\n" MINIMAL,
		    "a.conf:1: \"hazard\" stands before any [rule]\n");
	check_fault(MINIMAL MINIMAL,
		    "a.conf:4: [a] stands already in a.conf:1; give one of them another name\n");
	check_fault("[a b]\nhazard = earthquake\nthreshold = 5+\n",
		    "a.conf:1: [a b]: a rule's name has letters, digits, dots, _ and -, 40 of "
		    "them at most\n");
	check_fault("[a]\n", "a.conf:1: [a] hazard: is missing; every rule needs it\n"
			     "a.conf:1: [a] threshold: is missing; every rule needs it\n");
	check_fault(MINIMAL "threshold = 6-\n",
		    "a.conf:4: [a] threshold is given twice, first in line 3\n");
	check_fault(MINIMAL "nonsense\n", "a.conf:4: expected [section] or key = value\n");
}
END_TEST

START_TEST(an_unknown_key_names_those_there_are)
{
	check_fault(MINIMAL "magnitude = 5\n",
		    "a.conf:4: [a] unknown key \"magnitude\"; there are enabled, hazard, "
		    "threshold, regions, sources, addresses, groups, template, "
		    "correction_template, kind, channels, hold, suppress, stronger_breaks, guard, "
		    "daily_most, age_most, drill_only, exercises, cancel_stops\n");
}
END_TEST

START_TEST(faults_of_values)
{
	static const char *const cases[][2] = {
		{"sources = jma, nhk\n",
		 "sources: expected jma, p2pquake, cap or alertmanager, found \"nhk\""},
		{"addresses = work, office\n",
		 "addresses: expected work, home, second, department, by comma; found \"work, "
		 "office\""},
		{"addresses =\n",
		 "addresses: expected work, home, second, department, by comma; found \"\""},
		{"groups = ,\n", "groups: expected all, or codes by comma; found nothing"},
		{"kind = urgent\n", "kind: expected safety, notice or drill, found \"urgent\""},
		{"channels = mail, fax\n",
		 "channels: expected settings, or mail, voice, push, by comma; found \"mail, "
		 "fax\""},
		{"template = ../x\n",
		 "template: expected a template's name such as hazard-tsunami (letters, digits, _ "
		 "and -), found \"../x\""},
		{"hold = 2h\n", "hold: 2h is out of range, expected 0s to 1h"},
		{"age_most = 0s\n", "age_most: 0s is out of range, expected 1m to 30d"},
		{"daily_most = many\n", "daily_most: expected a whole number, found \"many\""},
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		char *text = mem_format("%s%s", MINIMAL, cases[i][0]);
		char *expected = mem_format("a.conf:4: [a] %s\n", cases[i][1]);
		check_fault(text, expected);
		free(text);
		free(expected);
	}
}
END_TEST

START_TEST(broken_bytes_are_a_fault)
{
	static const char nul[] = MINIMAL "hold = 1m\0\n";

	check_fault(MINIMAL "groups = \xff\n",
		    "a.conf:4: [a] \"groups\": not UTF-8, or control characters in it\n");
	check_fault("[\xff]\nhazard = earthquake\nthreshold = 5+\n",
		    "a.conf:1: [?]: a rule's name has letters, digits, dots, _ and -, 40 of them "
		    "at most\n");
	check_faults(nul, sizeof nul - 1,
		     "a.conf:4: line longer than 198 bytes; go on with a long value on a further "
		     "line that starts with a blank\n");
}
END_TEST

/* folders */

static void write_file(const char *folder, const char *name, const char *text)
{
	char *path = mem_format("%s/%s", folder, name);
	FILE *out = fopen(path, "we");

	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fclose(out), 0);
	free(path);
}

static void remove_file(const char *folder, const char *name)
{
	char *path = mem_format("%s/%s", folder, name);

	ck_assert_int_eq(unlink(path), 0);
	free(path);
}

START_TEST(a_folder_is_read_in_order_of_name)
{
	char folder[] = "/tmp/tk-rules-XXXXXX";
	struct rules rules;
	struct buf fault = {0};

	ck_assert_ptr_nonnull(mkdtemp(folder));
	write_file(folder, "20.conf", MINIMAL);
	write_file(folder, "10.conf", "[z]\nhazard=tsunami\nthreshold=warning\n");
	write_file(folder, "30.conf.old", "nonsense\n");
	write_file(folder, ".30.conf", "nonsense\n");
	ck_assert_msg(rules_read(folder, &rules, &fault), "%s", buf_text(&fault));
	ck_assert_uint_eq(rules.count, 2);
	ck_assert_str_eq(rules.list[0].name, "z");
	ck_assert_str_eq(rules.list[1].name, "a");
	rules_free(&rules);

	write_file(folder, "30.conf", MINIMAL "x = y\n");
	ck_assert(!rules_read(folder, &rules, &fault));
	char *expected =
		mem_format("%s/30.conf:1: [a] stands already in %s/20.conf:1;", folder, folder);
	ck_assert_msg(strncmp(buf_text(&fault), expected, strlen(expected)) == 0, "%s",
		      buf_text(&fault));
	ck_assert_ptr_nonnull(strstr(buf_text(&fault), "30.conf:4: [a] unknown key \"x\""));
	free(expected);
	buf_free(&fault);
	static const char *const names[] = {"10.conf", "20.conf", "30.conf", "30.conf.old",
					    ".30.conf"};
	for (size_t i = 0; i < LENGTH(names); i++)
		remove_file(folder, names[i]);
	rmdir(folder);
	ck_assert(!rules_read(folder, &rules, &fault));
	ck_assert_ptr_nonnull(strstr(buf_text(&fault), "feed.rules_dir names the folder"));
	buf_free(&fault);
}
END_TEST

START_TEST(what_is_shipped_is_sound)
{
	struct rules rules;
	struct buf fault = {0};
	char *folder = rules_folder("");
	int in_force = 0;

	ck_assert_msg(rules_read(folder, &rules, &fault), "%s", buf_text(&fault));
	for (size_t i = 0; i < rules.count; i++) {
		in_force += rules.list[i].enabled;
		rules.list[i].enabled = true;
	}
	ck_assert_int_eq(in_force, 2);
	ck_assert_msg(fill_check_rules(&rules, "", &fault), "%s", buf_text(&fault));
	rules_free(&rules);
	free(folder);
	buf_free(&fault);
	folder = rules_folder("/etc/tenko/rules.d");
	ck_assert_str_eq(folder, "/etc/tenko/rules.d");
	free(folder);
}
END_TEST

static void count_key(const struct rule_key_view *view, void *arg)
{
	int *count = arg;

	ck_assert_str_ne(view->key, "");
	ck_assert_str_ne(view->type, "");
	ck_assert_str_ne(view->doc, "");
	++*count;
}

START_TEST(every_key_is_documented)
{
	int count = 0;

	rule_keys_each(count_key, &count);
	ck_assert_int_eq(count, 20);
}
END_TEST

/* texts */

/* A template with that text as a Japanese file, and the same as an English one. */
static void make_template(const char *title, const char *body, struct template *t)
{
	*t = (struct template){.body_line = {3, 3}};
	for (int i = 0; i < LANGUAGES; i++) {
		t->file[i] = mem_format("t.%s.txt", language_name((enum language)i));
		t->text.title[i] = mem_string(title);
		t->text.body[i] = mem_string(body);
	}
}

static void check_filled(const char *title, const char *body, const struct hazard_event *event,
			 const struct acted *regions, size_t count, enum language language,
			 const char *expected)
{
	struct template t;
	struct message m;
	struct buf fault = {0};

	make_template(title, body, &t);
	ck_assert_msg(fill_check(&t, &fault), "%s", buf_text(&fault));
	fill(&t, event, regions, count, &m);
	char *whole = mem_format("%s|%s", m.title[language], m.body[language]);
	ck_assert_str_eq(whole, expected);
	free(whole);
	message_free(&m);
	template_free(&t);
	buf_free(&fault);
}

static void set(char **text, const char *value)
{
	free(*text);
	*text = mem_string(value);
}

START_TEST(texts_are_filled_in_both_languages)
{
	static const struct acted regions[] = {{"222", "", 60}, {"221", "", 55}};
	struct hazard_event e = world_event("quake E1 at=150 220:6+ 222:6+ 221:6- 350:4 230:6-");

	set(&e.place, "三陸沖");
	set(&e.magnitude, "M8.4");
	set(&e.headline, "見出し");
	/* not 350: nobody is told because of what is lower than what was acted on */
	check_filled("{level}：{place}", "{time}\n{regions}\n{magnitude} {x {", &e, regions, 2,
		     LANGUAGE_JA,
		     "震度6強：三陸沖|2026年1月1日11時30分\n震度6強：宮城県北部、宮城県中部\n"
		     "震度6弱：宮城県南部、秋田県沿岸北部\nM8.4 {x {");
	check_filled("{level}", "{time}\n\n{text}\n\n{headline} {title}", &e, regions, 2,
		     LANGUAGE_EN,
		     "seismic intensity 6 upper|2026-01-01 11:30 JST\n\n見出し report");
	event_clear(&e);
}
END_TEST

START_TEST(what_is_unknown_is_said_to_be)
{
	struct hazard_event e = world_event("quake E1 at=0 cancel");

	check_filled("{place} {level}", "{magnitude}\n{regions}\n{headline}", &e, NULL, 0,
		     LANGUAGE_JA, "不明 不明|不明");
	check_filled("{place}", "{sent}", &e, NULL, 0, LANGUAGE_EN, "unknown|2026-01-01 09:00 JST");
	event_clear(&e);
}
END_TEST

START_TEST(warnings_are_told_by_kind)
{
	static const struct acted regions[] = {{"220", "rain", 4}, {"221", "surge", 4}};
	struct hazard_event e =
		world_event("weather K at=0 all 220/rain:emergency 221/surge:emergency "
			    "222/rain:emergency 222/flood:warning");

	check_filled("{level}", "{regions}", &e, regions, 2, LANGUAGE_JA,
		     "大雨特別警報|大雨特別警報：宮城県北部、宮城県中部\n高潮特別警報：宮城県南部");
	check_filled("{level}", "{regions}", &e, regions, 1, LANGUAGE_EN,
		     "emergency warning (heavy rain)|emergency warning (heavy rain): 宮城県北部, "
		     "宮城県中部\nemergency warning (storm surge): 宮城県南部");
	event_clear(&e);
}
END_TEST

START_TEST(an_area_of_no_region_has_its_own_name)
{
	static const struct acted regions[] = {{"", "", 3}};
	struct hazard_event e = world_event("other K at=0 -:severe");

	set(&e.areas[0].name, "disk of db1");
	check_filled("{level}", "{regions}", &e, regions, 1, LANGUAGE_EN,
		     "severe|severe: disk of db1");
	event_clear(&e);
}
END_TEST

START_TEST(long_lists_and_texts_are_cut)
{
	struct hazard_event e = world_event("quake E1 at=0");
	struct template t;
	struct message m;
	struct buf headline = {0};

	for (int code = 200; code < 300; code++) {
		char sign[16];
		snprintf(sign, sizeof sign, "%d", code);
		if (!*region_name(sign))
			continue;
		snprintf(sign, sizeof sign, "%d:5+", code);
		world_area(&e, sign);
	}
	size_t count = e.area_count;
	ck_assert_uint_lt(count, 40);
	for (int code = 300; code < 400; code++) {
		char sign[16];
		snprintf(sign, sizeof sign, "%d", code);
		if (!*region_name(sign))
			continue;
		snprintf(sign, sizeof sign, "%d:5+", code);
		world_area(&e, sign);
	}
	for (int i = 0; i < BODY_MOST; i++)
		buf_text_add(&headline, "字");
	set(&e.headline, buf_text(&headline));
	buf_free(&headline);

	make_template("{headline}", "{regions}", &t);
	fill(&t, &e, NULL, 0, &m);
	char *more = mem_format("ほか%zu地域", e.area_count - 40);
	ck_assert_msg(strstr(m.body[LANGUAGE_JA], more) != NULL, "%s", m.body[LANGUAGE_JA]);
	free(more);
	ck_assert_uint_eq(utf8_count(m.title[LANGUAGE_JA]), TITLE_MOST);
	message_free(&m);
	template_free(&t);
	make_template("x", "{headline}{headline}", &t);
	fill(&t, &e, NULL, 0, &m);
	ck_assert_uint_eq(utf8_count(m.body[LANGUAGE_EN]), BODY_MOST);
	message_free(&m);
	template_free(&t);
	event_clear(&e);
}
END_TEST

START_TEST(an_unknown_placeholder_is_a_fault)
{
	struct template t;
	struct buf fault = {0};

	make_template("{level} {who}", "one\n{regions}\n{Time} {when}", &t);
	free(t.file[LANGUAGE_EN]);
	t.file[LANGUAGE_EN] = NULL;
	ck_assert(!fill_check(&t, &fault));
	ck_assert_str_eq(buf_text(&fault),
			 "t.ja.txt:1: {who} is not known; there are {level}, {regions}, {place}, "
			 "{magnitude}, {time}, {sent}, {title}, {headline}, {text}\n"
			 "t.ja.txt:5: {when} is not known; there are {level}, {regions}, {place}, "
			 "{magnitude}, {time}, {sent}, {title}, {headline}, {text}\n");
	template_free(&t);
	buf_free(&fault);
}
END_TEST

START_TEST(rules_name_templates_that_are_there)
{
	struct rules rules;
	struct buf fault = {0};

	read_good(MINIMAL "template = no-such\n[b]\nenabled = no\nhazard = tsunami\n"
			  "threshold = major\ntemplate = neither\n",
		  &rules);
	ck_assert(!fill_check_rules(&rules, "/nowhere", &fault));
	ck_assert_str_eq(buf_text(&fault),
			 "a.conf:1: [a] no template \"no-such\": /nowhere/no-such.ja.txt: No such "
			 "file or directory\n"
			 "a.conf:1: [a] no template \"hazard-correction\": "
			 "/nowhere/hazard-correction.ja.txt: No such file or directory\n");
	rules_free(&rules);
	buf_free(&fault);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules");
	TCase *t = tcase_create("rules");

	tcase_add_unchecked_fixture(t, load, NULL);
	tcase_add_test(t, what_is_not_named_has_its_default);
	tcase_add_test(t, every_key_is_read_and_written);
	tcase_add_test(t, no_rules_are_no_fault);
	tcase_add_test(t, every_fault_is_told_at_once);
	tcase_add_test(t, faults_of_sections);
	tcase_add_test(t, an_unknown_key_names_those_there_are);
	tcase_add_test(t, faults_of_values);
	tcase_add_test(t, broken_bytes_are_a_fault);
	tcase_add_test(t, a_folder_is_read_in_order_of_name);
	tcase_add_test(t, what_is_shipped_is_sound);
	tcase_add_test(t, every_key_is_documented);
	tcase_add_test(t, texts_are_filled_in_both_languages);
	tcase_add_test(t, what_is_unknown_is_said_to_be);
	tcase_add_test(t, warnings_are_told_by_kind);
	tcase_add_test(t, an_area_of_no_region_has_its_own_name);
	tcase_add_test(t, long_lists_and_texts_are_cut);
	tcase_add_test(t, an_unknown_placeholder_is_a_fault);
	tcase_add_test(t, rules_name_templates_that_are_there);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
