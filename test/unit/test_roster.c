/*
 * The parts that roster files are judged with: rules for cells, code tables, contact cards.
 */

#include "common/base/mem.h"
#include "common/roster/card.h"
#include "common/roster/faults.h"
#include "common/roster/model.h"
#include "common/roster/names.h"
#include "common/roster/regions.h"
#include "common/roster/rules.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* rules: cells that pass and cells that do not, by blank (_ stands for a blank, . for none) */

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define L63 X50 "xxxxxxxxxxxxx"

static const struct {
	roster_rule *rule;
	const char *good, *bad;
} rules[] = {
	{rule_group_id, "G01 a !#$%'()*+-.:;=?@[]_`{}~| ｀ #1",
	 "_ a\"b a,b a&b a/b a\\b a<b あ ａ"},
	{rule_user_id, "U01 !#$%'()+-.=@[]_`{}~ ｀a", "a;b a*b a:b a?b a|b a,b あ"},
	{rule_user_ids, "U01 U01;U02 U01;_U02 U01; ;U01", "; ;; U01,U02 U01;U*2 あ"},
	{rule_switch, "0 1", "2 01 -1 a ０"},
	{rule_division, "0 1 2", "3 00 a"},
	{rule_dial_order, "1 2 3 4", "0 5 11 a １ -1"},
	{rule_minutes, "0 1 480 1440", "1441 0480 00 -1 1.5 a 99999999999 +1 1_"},
	{rule_some_minutes, "1 180 1440", "0 1441 0180"},
	{rule_time, "5:00 05:00 0:00 29:59", "30:00 5:60 5 5:0 5:000 :00 005:00 5:00_ 5-00"},
	{rule_breaks, "11:45-12:45 11:45-12:45;18:30-19:00 11:45-12:45; 10:00-10:10;10:10-10:20",
	 "9:00-10:00 12:00-12:00 12:00-11:00 11:00-12:00;11:30-13:00 18:00-19:00;12:00-13:00 "
	 "12:00 12:00- -13:00 12:00-13:00,14:00-15:00 12:00-13:00;; ;"},
	{rule_mail,
	 "a@b u01@example.com u..07.@docomo.example.jp .a@b.jp a+b@x-y.example a/b=c@d "
	 "U_1'!#$%&*?^`{|}~@EXAMPLE.COM " L63 "x@" L63 "." L63 "." X50 "xxxxxxxxxxx",
	 "a @b a@ a@@b a@b@c a@b. a@.b a@b..c a@-b a@b- \"a\"@b a@[1.2.3.4] a,b@c <a@b> a@b_c "
	 "あ@b a@あ a@b;c a\\b@c a(b)@c a:b@c " L63 "xx@b a@" L63 "x " L63 "x@" L63 "." L63 "." X50
	 "xxxxxxxxxxxx"},
	{rule_telephone, "0 09012345678 123456789012345",
	 "1234567890123456 090-1234-5678 +81901 ０９０ 090_1"},
	{rule_region, "13 47 01 100 350 807", "00 48 1 099 999 0350 35a 3500"},
	{rule_language, "ja en", "JA de j jaa"},
	{rule_family_code, "F1 abc 12345678", "F-1 F_1 あ Ｆ F.1"},
	{rule_no_half_kana, "山田 ヤマダ abc ａ １－２", "ﾔﾏﾀﾞ 山ﾀﾞ ｡ ﾟ"},
	{rule_kana, "ヤマダ ヤマダ　ハナコ ヴァン・ーヽ", "ﾔ やまだ ヤマダ太郎 YAMADA ヤ1"},
};

/* Calls `check` for each word of the list, the signs for blanks put right. */
static void each_word(const char *list, const char *(*rule)(const char *), bool good)
{
	char *words = mem_string(list), *rest = words, *word;

	while ((word = strsep(&rest, " "))) {
		if (rule != rule_mail && rule != rule_group_id && rule != rule_user_id)
			for (char *c = word; *c; c++)
				*c = *c == '_' ? ' ' : *c;
		const char *fault = rule(strcmp(word, "_") == 0 ? " " : word);
		ck_assert_msg(good == !fault, "rule %d: \"%s\": %s", (int)good, word,
			      fault ? fault : "passed");
	}
	free(words);
}

START_TEST(rules_hold)
{
	struct buf fault = {0};

	ck_assert_msg(regions_load(&fault), "%s", buf_text(&fault));
	each_word(rules[_i].good, rules[_i].rule, true);
	each_word(rules[_i].bad, rules[_i].rule, false);
}
END_TEST

START_TEST(control_characters_are_found)
{
	static const char *const with[] = {"a\nb",
					   "\r",
					   "a\tb",
					   "\x7f",
					   "a\x01",
					   "a\xc2\x85"
					   "b",
					   "é\xc2\x80"};

	for (size_t i = 0; i < LENGTH(with); i++)
		ck_assert(has_controls(with[i]));
	ck_assert(!has_controls("株式会社　点呼 ㈱ ¢\xc2\xa0"));
	ck_assert(!has_controls(""));
}
END_TEST

/* regions */

static void count_regions(const char *code, const char *name, void *arg)
{
	ck_assert(region_exists(code));
	ck_assert_str_eq(region_name(code), name);
	++*(int *)arg;
}

START_TEST(regions_are_those_of_the_agency)
{
	struct buf fault = {0};
	int all = 0, tokyo = 0, none = 0, meant = 0;
	char code[12];

	ck_assert(!region_exists("13"));
	ck_assert_msg(regions_load(&fault), "%s", buf_text(&fault));
	ck_assert(regions_load(&fault));
	for (int i = 1; i <= 47; i++) {
		snprintf(code, sizeof code, "%02d", i);
		ck_assert(region_exists(code));
		ck_assert_str_eq(region_prefecture(code), code);
		region_each(code, count_regions, &all);
	}
	ck_assert_int_eq(all, 188);
	region_each("13", count_regions, &tokyo);
	ck_assert_int_eq(tokyo, 9);
	region_each("99", count_regions, &none);
	ck_assert_int_eq(none, 0);
	region_each_meant("13", count_regions, &meant);
	ck_assert_int_eq(meant, 10); /* it and its regions */
	region_each_meant("350", count_regions, &meant);
	ck_assert_int_eq(meant, 12); /* it and its prefecture */
	region_each_meant("999", count_regions, &meant);
	ck_assert_int_eq(meant, 12);
	ck_assert_str_eq(region_name("13"), "東京都");
	ck_assert_str_eq(region_prefecture("100"), "01");
	ck_assert_str_eq(region_prefecture("807"), "47");
	ck_assert_ptr_null(region_prefecture("999"));
	ck_assert_str_eq(region_name(""), "");
}
END_TEST

START_TEST(missing_tables_are_told_of)
{
	char folder[] = "/tmp/tkXXXXXX", path[64];
	struct buf fault = {0};

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "mkdir -p %s/regions", folder);
	ck_assert_int_eq(system(path), 0);
	snprintf(path, sizeof path, "%s/regions/regions.tsv", folder);
	FILE *file = fopen(path, "we");
	fputs("head\n100\tx\tx\t01\n", file);
	fclose(file);
	setenv("TENKO_DATADIR", folder, 1);
	ck_assert(!regions_load(&fault));
	ck_assert_ptr_nonnull(strstr(buf_text(&fault), "regions.tsv:2"));
	ck_assert(!region_exists("100"));
	unlink(path);
	snprintf(path, sizeof path, "rm -r %s", folder);
	ck_assert_int_eq(system(path), 0);
	buf_free(&fault);
}
END_TEST

/* names and faults */

START_TEST(names_are_numbered)
{
	struct names names = {0};
	char text[16];

	ck_assert_int_eq(names_find(&names, "x"), NAME_UNKNOWN);
	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof text, "U%d", i);
		ck_assert_int_eq(names_add(&names, text), i);
	}
	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof text, "U%d", i);
		ck_assert_int_eq(names_find(&names, text), i);
		ck_assert_str_eq(names.text[i], text);
	}
	ck_assert_int_eq(names_add(&names, "U7"), 7);
	ck_assert_int_eq(names_add(&names, ""), 100000);
	ck_assert_int_eq(names_find(&names, "U100001"), NAME_UNKNOWN);
	names_free(&names);
	ck_assert_int_eq(names_find(&names, "U7"), NAME_UNKNOWN);
}
END_TEST

START_TEST(codes_are_taken_off_a_list)
{
	static const struct {
		const char *list, *told;
	} cases[] = {
		{"", ""},
		{"; ;", ""},
		{"U1", "[U1]"},
		{"U1;U2;", "[U1][U2]"},
		{" U1 ; U2", "[U1][U2]"},
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		char code[CODE_ROOM];
		struct buf told = {0};
		for (const char *list = cases[i].list; next_code(&list, code);)
			buf_format(&told, "[%s]", code);
		ck_assert_str_eq(buf_text(&told), cases[i].told);
		buf_free(&told);
	}
}
END_TEST

START_TEST(faults_are_counted_and_sorted)
{
	static struct faults faults;
	struct place place = {.file = 2, .label = "b", .row = 9, .column = "x"};

	fault_add(&faults, &place, "one %d", 1);
	fault_add(&faults, &place, "two");
	place.row = 3;
	fault_add(&faults, &place, "three");
	place.file = 0;
	place.row = 100;
	fault_add(&faults, &place, "four");
	faults_sort(&faults);
	ck_assert_str_eq(faults.fault[0].message, "four");
	ck_assert_str_eq(faults.fault[1].message, "three");
	ck_assert_str_eq(faults.fault[2].message, "one 1");
	ck_assert_str_eq(faults.fault[3].message, "two");
	for (int i = 0; i < 1000; i++)
		fault_add(&faults, &place, "more");
	ck_assert_uint_eq(faults.count, 1004);
	ck_assert_uint_eq(faults.kept, FAULTS_KEPT);
	faults_free(&faults);
}
END_TEST

/* cards */

/* The plan as words: "voice1 mail2x3": channel, dial order, x addresses, @ position. */
static const char *plan_words(const struct roster_card *card)
{
	static char words[200];
	struct plan plan = plan_unpack(card_plan(card));
	int at = 0;

	words[0] = '\0';
	for (int i = 0; i < plan.steps; i++)
		at += snprintf(words + at, sizeof words - (size_t)at, "%s%s%dx%d@%d", i ? " " : "",
			       channel_name(plan.step[i].channel), plan.step[i].dial_order,
			       plan.step[i].addresses, plan.step[i].position);
	return words;
}

START_TEST(cards_become_plans)
{
	struct roster_card card = {
		.mail = {"a@x", "b@x", "c@x"},
		.telephone = {"1", "2", "3"},
		.mail_order = 2,
		.telephone_order = {1, 3, 4},
	};

	/* the example of the reference: TEL, MAIL of three, TEL, TEL */
	ck_assert_str_eq(plan_words(&card), "voice1x1@1 mail2x3@1 voice3x1@2 voice4x1@3");
	/* an order left out leaves a gap, not a shift */
	card.telephone_order[1] = 0;
	card.mail[2][0] = '\0';
	ck_assert_str_eq(plan_words(&card), "voice1x1@1 mail2x2@1 voice4x1@3");
	/* kept, not dialled */
	card.mail_order = 0;
	card.telephone_order[0] = 0;
	card.telephone_order[2] = 0;
	ck_assert_str_eq(plan_words(&card), "");
	/* spare ones never are */
	struct roster_card spare = {.spare_mail = "a@x", .spare_telephone = "1"};
	ck_assert_str_eq(plan_words(&spare), "");
	ck_assert(card_plan(&spare) == 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("roster");
	TCase *t = tcase_create("roster");

	/* Where the build is elsewhere than in the tree. */
	if (access("config/regions/regions.tsv", R_OK) == 0)
		setenv("TENKO_DATADIR", "config", 0);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, rules_hold, 0, LENGTH(rules));
	tcase_add_test(t, control_characters_are_found);
	tcase_add_test(t, regions_are_those_of_the_agency);
	tcase_add_test(t, missing_tables_are_told_of);
	tcase_add_test(t, names_are_numbered);
	tcase_add_test(t, codes_are_taken_off_a_list);
	tcase_add_test(t, faults_are_counted_and_sorted);
	tcase_add_test(t, cards_become_plans);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
