/*
 * Questions: from the settings, to JSON and back, and what is refused on the way.
 */

#include "common/base/mem.h"
#include "common/text/question.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define X8(x) x x x x x x x x

static struct question question;
static struct buf fault;

static void from_settings(const char *choices, const char *items)
{
	ck_assert_msg(question_from_settings(choices, items, &question, &fault), "%s",
		      buf_text(&fault));
}

static void refused(const char *choices, const char *items, const char *because)
{
	ck_assert_msg(!question_from_settings(choices, items, &question, &fault), "%s / %s",
		      choices, items);
	ck_assert_msg(strstr(buf_text(&fault), because), "no \"%s\" in: %s", because,
		      buf_text(&fault));
	ck_assert_uint_eq(question.choice_count + question.item_count, 0);
	buf_free(&fault);
}

static void json_refused(const char *choices, const char *items, const char *because)
{
	ck_assert_msg(!question_from_json(choices, items, &question, &fault), "%s / %s", choices,
		      items);
	ck_assert_msg(strstr(buf_text(&fault), because), "no \"%s\" in: %s", because,
		      buf_text(&fault));
	ck_assert_uint_eq(question.choice_count + question.item_count, 0);
	buf_free(&fault);
}

START_TEST(the_standard_question_is_read)
{
	from_settings("safe:無事です:I am safe; slight:軽傷です:Slightly injured; "
		      "severe:重傷です:Badly injured; other:その他:Other",
		      "");
	ck_assert_uint_eq(question.choice_count, 4);
	ck_assert_uint_eq(question.item_count, 0);
	ck_assert_str_eq(question.choice[0].key, "safe");
	ck_assert_str_eq(question.choice[0].label[LANGUAGE_JA], "無事です");
	ck_assert_str_eq(question.choice[3].label[LANGUAGE_EN], "Other");
	ck_assert_int_eq(question_choice(&question, "severe"), 2);
	ck_assert_int_eq(question_choice(&question, "Severe"), -1);
	ck_assert_int_eq(question_choice(&question, ""), -1);
	question_free(&question);
}
END_TEST

START_TEST(english_may_be_left_out)
{
	from_settings("a:はい;b:いいえ:", "場所;人数:How many");
	ck_assert_str_eq(question.choice[0].label[LANGUAGE_EN], "はい");
	ck_assert_str_eq(question.choice[1].label[LANGUAGE_EN], "いいえ");
	ck_assert_str_eq(question.item[0][LANGUAGE_EN], "場所");
	ck_assert_str_eq(question.item[1][LANGUAGE_JA], "人数");
	ck_assert_str_eq(question.item[1][LANGUAGE_EN], "How many");
	question_free(&question);
}
END_TEST

START_TEST(blanks_and_a_last_semicolon_do_no_harm)
{
	from_settings("  a : はい : Yes ;\t b:いいえ:No ; ", " 場所 : Place ;");
	ck_assert_uint_eq(question.choice_count, 2);
	ck_assert_str_eq(question.choice[0].key, "a");
	ck_assert_str_eq(question.choice[0].label[LANGUAGE_JA], "はい");
	ck_assert_str_eq(question.choice[0].label[LANGUAGE_EN], "Yes");
	ck_assert_uint_eq(question.item_count, 1);
	ck_assert_str_eq(question.item[0][LANGUAGE_EN], "Place");
	question_free(&question);
}
END_TEST

START_TEST(bad_settings_are_refused_with_a_reason)
{
	refused("", "", "at least one");
	refused(" ; ", "", "key:Japanese:English");
	refused("safe", "", "key:Japanese:English");
	refused("safe:a:b:c", "", "key:Japanese:English");
	refused("safe:", "", "a label is 1 to 64");
	refused(":a:b", "", "a key is 1 to 32");
	refused("Safe:a:b", "", "a key is 1 to 32");
	refused("sa fe:a:b", "", "a key is 1 to 32");
	refused("安全:a:b", "", "a key is 1 to 32");
	refused(X8("aaaa") "a:a:b", "", "a key is 1 to 32");
	refused("a:x; a:y", "", "\"a\" is there twice");
	refused("a:x", ";", "a label is 1 to 64");
	refused("a:x", "a:b:c", "Japanese:English");
	refused("a:x", ":b", "a label is 1 to 64");
	refused("a:\xff", "", "a label is 1 to 64");
	refused("a:x\ny", "", "a label is 1 to 64");
	refused("a:b;c:" X8("無無無無無無無無") "無", "", "number 2: a label is 1 to 64");
	refused("a:1;b:1;c:1;d:1;e:1;f:1;g:1;h:1;i:1", "", "choices: 8 at most");
	refused("a:1", "1;2;3;4;5;6;7;8;9;10;11", "items: 10 at most");
}
END_TEST

START_TEST(the_largest_question_is_taken)
{
	from_settings("a:1;b:1;c:1;d:1;e:1;f:1;g:1;" X8("hhhh") ":" X8("無無無無無無無無"),
		      "1;2;3;4;5;6;7;8;9;10");
	ck_assert_uint_eq(question.choice_count, QUESTION_CHOICES);
	ck_assert_uint_eq(question.item_count, QUESTION_ITEMS);
	question_free(&question);
}
END_TEST

START_TEST(json_goes_there_and_back)
{
	struct question again;

	from_settings("safe:無事\"<&>\\:I'm safe; b:いいえ", "場所:Place; 人数");
	char *choices = question_choices_json(&question), *items = question_items_json(&question);
	ck_assert_msg(question_from_json(choices, items, &again, &fault), "%s", buf_text(&fault));
	ck_assert_uint_eq(again.choice_count, 2);
	ck_assert_uint_eq(again.item_count, 2);
	for (int i = 0; i < LANGUAGES; i++) {
		ck_assert_str_eq(again.choice[0].label[i], question.choice[0].label[i]);
		ck_assert_str_eq(again.choice[1].label[i], question.choice[1].label[i]);
		ck_assert_str_eq(again.item[0][i], question.item[0][i]);
		ck_assert_str_eq(again.item[1][i], question.item[1][i]);
	}
	question_free(&again);
	question_free(&question);
	free(choices);
	free(items);
}
END_TEST

START_TEST(the_json_is_what_the_contract_says)
{
	from_settings("safe:無事です:I am safe", "場所");
	char *choices = question_choices_json(&question), *items = question_items_json(&question);
	ck_assert_str_eq(choices, "[{\"key\":\"safe\",\"ja\":\"無事です\",\"en\":\"I am safe\"}]");
	ck_assert_str_eq(items, "[{\"ja\":\"場所\",\"en\":\"場所\"}]");
	free(choices);
	free(items);
	question_free(&question);
}
END_TEST

START_TEST(bad_json_is_refused_with_a_reason)
{
	json_refused("", "[]", "choices:");
	json_refused("{}", "[]", "expected an array");
	json_refused("[", "[]", "choices:");
	json_refused("[]", "[]", "at least one");
	json_refused("[1]", "[]", "choices:");
	json_refused("[{\"key\":\"a\"}]", "[]", "ja");
	json_refused("[{\"ja\":\"a\"}]", "[]", "key");
	json_refused("[{\"key\":\"a\",\"ja\":1}]", "[]", "choices:");
	json_refused("[{\"key\":\"a\",\"ja\":\"x\",\"fr\":\"y\"}]", "[]", "choices:");
	json_refused("[{\"key\":\"a\",\"ja\":\"x\"}]", "{}", "items: expected an array");
	json_refused("[{\"key\":\"a\",\"ja\":\"x\"}]", "[{\"en\":\"x\"}]", "items:");
	json_refused("[{\"key\":\"a\",\"ja\":\"x\"}]", "[{\"ja\":\"\"}]", "items: number 1");
	json_refused("[{\"key\":\"a\",\"ja\":\"x\\u0000y\"}]", "[]", "choices:");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("question");
	TCase *t = tcase_create("question");

	tcase_add_test(t, the_standard_question_is_read);
	tcase_add_test(t, english_may_be_left_out);
	tcase_add_test(t, blanks_and_a_last_semicolon_do_no_harm);
	tcase_add_test(t, bad_settings_are_refused_with_a_reason);
	tcase_add_test(t, the_largest_question_is_taken);
	tcase_add_test(t, json_goes_there_and_back);
	tcase_add_test(t, the_json_is_what_the_contract_says);
	tcase_add_test(t, bad_json_is_refused_with_a_reason);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
