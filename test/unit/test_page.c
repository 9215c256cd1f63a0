/*
 * The reply pages and what a person sends with them: sizes, languages, escaping, limits.
 */

#include "common/base/mem.h"
#include "dispatcher/reply/answers/answer.h"
#include "dispatcher/reply/answers/page.h"
#include "dispatcher/reply/http/respond.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 8192 - RESPONSE_HEADERS_MOST };

static struct question question;
static struct reply_page page;
static struct answer answer;
static struct page_view view;
static struct buf out, fault;

/* `count` times the character. */
static char *many(const char *character, size_t count)
{
	struct buf b = {0};

	while (count--)
		buf_text_add(&b, character);
	return buf_take(&b);
}

static void ask(const char *choices, const char *items)
{
	question_free(&question);
	ck_assert_msg(question_from_settings(choices, items, &question, &fault), "%s",
		      buf_text(&fault));
}

static void set(char **field, char *text)
{
	free(*field);
	*field = text;
}

static void set_up(void)
{
	setenv("TZ", "Asia/Tokyo", 1);
	ask("safe:無事です:I am safe; severe:重傷です:Badly injured", "今いる場所:Where are you?");
	page = (struct reply_page){
		.broadcast = 1,
		.person = 1,
		.name = mem_string("山田 太郎"),
		.kind = KIND_SAFETY,
		.state = BROADCAST_RUNNING,
		.title = mem_string("地震がありました"),
		.title_en = mem_string("Earthquake"),
		.body = mem_string("家族は\n無事ですか"),
		.body_en = mem_string(""),
		.choices = mem_string(""),
		.items = mem_string(""),
		.expires_at = INT64_C(1795838940000), /* 2026-11-28 13:09 in Japan */
		.choice = mem_string(""),
		.reply_items = mem_string("[]"),
		.comment = mem_string(""),
	};
	answer_recall(&page, &question, &answer);
	view = (struct page_view){
		.page = &page, .question = &question, .organisation = "会社", .answer = &answer};
}

static void tear_down(void)
{
	answer_free(&answer);
	question_free(&question);
	reply_page_free(&page);
	buf_free(&out);
	buf_free(&fault);
}

static void replied(const char *choice, char *items, char *comment)
{
	page.replied_at = INT64_C(1795238940000);
	set(&page.choice, mem_string(choice));
	set(&page.reply_items, items);
	set(&page.comment, comment);
	answer_free(&answer);
	answer_recall(&page, &question, &answer);
}

static void has(const char *text)
{
	ck_assert_msg(strstr(buf_text(&out), text), "no \"%s\" in: %s", text, buf_text(&out));
}

static void has_not(const char *text)
{
	ck_assert_msg(!strstr(buf_text(&out), text), "\"%s\" in: %s", text, buf_text(&out));
}

START_TEST(the_form_says_who_is_asked_and_what)
{
	page_form(&out, &view, ROOM);
	has("<html lang=ja>");
	has("会社");
	has("<h1>地震がありました</h1>");
	has("山田 太郎 さん");
	has("家族は\n無事ですか");
	has("value=safe required>無事です</label>");
	has("value=severe>重傷です</label>");
	has("今いる場所<input name=item1 maxlength=200>");
	has("<textarea name=comment rows=3 maxlength=1000>\n</textarea>");
	has("href=\"?lang=en\"");
	has("11月28日");
	has_not("checked>");
	has_not("<script");
	ck_assert_uint_lt(out.length, 4096);
}
END_TEST

START_TEST(the_form_speaks_english)
{
	view.language = LANGUAGE_EN;
	page_form(&out, &view, ROOM);
	has("<html lang=en>");
	has("<h1>Earthquake</h1>");
	has("For 山田 太郎");
	has("required>I am safe</label>");
	has("Where are you?<input");
	has("家族は\n無事ですか"); /* there is no English body */
	has("href=\"?lang=ja\"");
	has("name=lang value=en");
}
END_TEST

START_TEST(what_comes_from_outside_cannot_become_markup)
{
	set(&page.name, mem_string("<b>\"'&"));
	set(&page.title, mem_string("<script>1</script>"));
	set(&page.body, mem_string("</p><script>2</script>"));
	ask("a:<i>x</i>", "\"><i>");
	view.organisation = "<u>&";
	replied("a", mem_string("[\"\\\"><script>3</script>\"]"),
		mem_string("</textarea><script>4</script>"));
	page_form(&out, &view, ROOM);
	has_not("<script");
	has_not("<i>");
	has_not("<u>");
	has("&lt;script&gt;1");
	has("value=\"&quot;&gt;&lt;script&gt;3");
	has("&lt;/textarea&gt;");
	buf_clear(&out);
	page_recorded(&out, &view, 0);
	has_not("<script");
	buf_clear(&out);
	page_fault(&out, &view, PHRASE_CHOOSE);
	has_not("<script");
}
END_TEST

START_TEST(an_answer_on_record_is_shown_and_filled_in)
{
	replied("severe", mem_string("[\"屋上\"]"), mem_string("助けて\nください"));
	page_form(&out, &view, ROOM);
	has("11月21日 14:29 (JST) に回答を受け付けました");
	has("<b>重傷です</b>");
	has("value=severe checked>");
	has("value=\"屋上\"");
	has(">\n助けて\nください</textarea>");
}
END_TEST

START_TEST(an_answer_to_a_choice_that_is_gone_is_shown_without_it)
{
	replied("gone", mem_string("not json"), mem_string("ok"));
	page_form(&out, &view, ROOM);
	has("に回答を受け付けました");
	has_not("checked>");
	has(">\nok</textarea>");
}
END_TEST

START_TEST(a_single_choice_is_chosen_already)
{
	page.kind = KIND_NOTICE;
	ask("confirmed:確認しました:Confirmed", "");
	answer_free(&answer);
	answer_recall(&page, &question, &answer);
	page_form(&out, &view, ROOM);
	has("value=confirmed required checked>");
	has("読んだことを知らせてください");
}
END_TEST

START_TEST(drills_and_cancelled_ones_say_so)
{
	page.kind = KIND_DRILL;
	page.state = BROADCAST_CANCELLED;
	page_form(&out, &view, ROOM);
	has("これは訓練です");
	has("取り消されました");
	has("<form");
}
END_TEST

START_TEST(a_long_body_is_cut_to_the_room)
{
	static const char *const characters[] = {"a", "無", "𠮷", "<", "\"", "é"};

	for (size_t i = 0; i < LENGTH(characters); i++) {
		set(&page.body, many(characters[i], 20000));
		buf_clear(&out);
		page_form(&out, &view, ROOM);
		ck_assert_uint_le(out.length, ROOM);
		ck_assert_uint_gt(out.length, ROOM - 16);
		has("…\n（続きはメールをご覧ください）");
		has("<form");
	}
}
END_TEST

START_TEST(a_body_that_fits_is_whole)
{
	for (size_t length = 0; length < ROOM; length += 61) {
		char *body = many("a", length);
		set(&page.body, mem_string(body));
		buf_clear(&out);
		page_form(&out, &view, ROOM);
		ck_assert_uint_le(out.length, ROOM);
		bool whole = strstr(buf_text(&out), body);
		bool cut = strstr(buf_text(&out), "続きはメール");
		ck_assert(whole != cut);
		free(body);
	}
}
END_TEST

START_TEST(a_large_question_with_a_long_answer_fits)
{
	struct buf choices = {0}, items = {0};
	char *label = many("無", 40), *organisation = many("社", 21);

	for (int i = 0; i < QUESTION_CHOICES; i++)
		buf_format(&choices, "%s%032d:%s", i ? ";" : "", i, label);
	for (int i = 0; i < QUESTION_ITEMS; i++)
		buf_format(&items, "%s%s", i ? ";" : "", label);
	ask(buf_text(&choices), buf_text(&items));
	set(&page.title, many("題", 120));
	set(&page.name, many("名", 40));
	page.kind = KIND_DRILL;
	page.state = BROADCAST_CANCELLED;
	view.organisation = organisation;
	char *text = many("文", ITEM_MOST);
	struct buf texts = {0};
	for (int i = 0; i < QUESTION_ITEMS; i++)
		buf_format(&texts, "%s\"%s\"", i ? "," : "[", text);
	buf_char(&texts, ']');
	replied("00000000000000000000000000000007", buf_take(&texts), many("文", COMMENT_MOST));
	page_form(&out, &view, ROOM);
	ck_assert_uint_le(out.length, ROOM);
	has("書いた文は長いため");
	has("に回答を受け付けました");
	free(label);
	free(organisation);
	free(text);
	buf_free(&choices);
	buf_free(&items);
}
END_TEST

START_TEST(a_fault_keeps_what_was_typed)
{
	struct form form;
	static const char sent[] = "status=severe&item1=here&comment=half+a+story";

	ck_assert_int_eq(form_decode(sent, sizeof sent - 1, &form), FORM_SOUND);
	answer_free(&answer);
	ck_assert_int_eq(answer_read(&form, &question, &answer), ANSWER_SOUND);
	page_fault(&out, &view, PHRASE_COMMENT_LONG);
	has("role=alert");
	has("まだ記録されていません");
	has("1000文字まで");
	has("value=severe checked>");
	has("value=\"here\"");
	has(">\nhalf a story</textarea>");
	form_free(&form);
}
END_TEST

START_TEST(what_was_recorded_is_shown_with_its_time)
{
	replied("safe", mem_string("[\"家\"]"), mem_string("元気"));
	page_recorded(&out, &view, INT64_C(1795238940000));
	has("回答を受け付けました");
	has("11月21日 14:29 (JST)");
	has("<b>無事です</b>");
	has("今いる場所: 家");
	has("元気");
	has("href=\"?lang=ja\"");
	has_not("<form");
}
END_TEST

START_TEST(every_problem_has_a_page_in_both_languages)
{
	static const int statuses[] = {
#define X(status, ...) status,
#include "dispatcher/reply/http/problems.def"
#undef X
	};

	for (size_t i = 0; i < LENGTH(statuses); i++) {
		buf_clear(&out);
		page_problem(&out, statuses[i]);
		has("<section lang=ja><h1>");
		has("<section lang=en><h1>");
		ck_assert_uint_gt(strlen(page_problem_reason(statuses[i])), 0);
		ck_assert_uint_lt(out.length, 4096);
	}
	ck_assert_str_eq(page_problem_reason(200), "OK");
}
END_TEST

START_TEST(every_phrase_is_there_in_both_languages)
{
	for (int i = 0; i < PHRASES; i++) {
		const char *ja = phrase((enum phrase)i, LANGUAGE_JA);
		const char *en = phrase((enum phrase)i, LANGUAGE_EN);
		ck_assert_uint_gt(strlen(ja), 0);
		ck_assert_uint_gt(strlen(en), 0);
		ck_assert_int_eq(!strstr(ja, "%s"), !strstr(en, "%s"));
	}
}
END_TEST

/* answers */

static enum answer_fault read_fields(const char *status, const char *item, const char *comment)
{
	struct form form = {.count = 3};

	form.field[0].name = mem_string("status");
	form.field[0].value = mem_string(status);
	form.field[1].name = mem_string("item1");
	form.field[1].value = mem_string(item);
	form.field[2].name = mem_string("comment");
	form.field[2].value = mem_string(comment);
	answer_free(&answer);
	enum answer_fault found = answer_read(&form, &question, &answer);
	form_free(&form);
	return found;
}

START_TEST(limits_count_characters_not_bytes)
{
	char *item = many("無", ITEM_MOST), *comment = many("𠮷", COMMENT_MOST);
	char *longer_item = many("a", ITEM_MOST + 1), *longer_comment = many("a", COMMENT_MOST + 1);

	ck_assert_int_eq(read_fields("safe", item, comment), ANSWER_SOUND);
	ck_assert_int_eq(answer.choice, 0);
	ck_assert_int_eq(read_fields("safe", longer_item, ""), ANSWER_ITEM_LONG);
	ck_assert_int_eq(read_fields("safe", "", longer_comment), ANSWER_COMMENT_LONG);
	ck_assert_str_eq(answer.comment, longer_comment);
	free(item);
	free(comment);
	free(longer_item);
	free(longer_comment);
}
END_TEST

START_TEST(a_choice_is_needed_and_must_be_known)
{
	struct form empty = {0};

	answer_free(&answer);
	ck_assert_int_eq(answer_read(&empty, &question, &answer), ANSWER_NO_CHOICE);
	ck_assert_int_eq(read_fields("", "", ""), ANSWER_NO_CHOICE);
	ck_assert_int_eq(read_fields("SAFE", "", ""), ANSWER_NO_CHOICE);
	ck_assert_int_eq(read_fields("safe ", "", ""), ANSWER_NO_CHOICE);
	ck_assert_int_eq(answer.choice, -1);
}
END_TEST

START_TEST(texts_are_tidied)
{
	ck_assert_int_eq(read_fields("safe", " a\tb\n\v", "\n 1\n\x07 2\t3 \n "), ANSWER_SOUND);
	ck_assert_str_eq(answer.item[0], "a b");
	ck_assert_str_eq(answer.comment, "1\n  2\t3");
}
END_TEST

START_TEST(items_become_json)
{
	ck_assert_int_eq(read_fields("safe", "\"家\\", ""), ANSWER_SOUND);
	char *json = answer_items_json(&answer);
	ck_assert_str_eq(json, "[\"\\\"家\\\\\"]");
	free(json);
}
END_TEST

static TCase *pages(void)
{
	TCase *t = tcase_create("pages");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, the_form_says_who_is_asked_and_what);
	tcase_add_test(t, the_form_speaks_english);
	tcase_add_test(t, what_comes_from_outside_cannot_become_markup);
	tcase_add_test(t, an_answer_on_record_is_shown_and_filled_in);
	tcase_add_test(t, an_answer_to_a_choice_that_is_gone_is_shown_without_it);
	tcase_add_test(t, a_single_choice_is_chosen_already);
	tcase_add_test(t, drills_and_cancelled_ones_say_so);
	tcase_add_test(t, a_long_body_is_cut_to_the_room);
	tcase_add_test(t, a_body_that_fits_is_whole);
	tcase_add_test(t, a_large_question_with_a_long_answer_fits);
	tcase_add_test(t, a_fault_keeps_what_was_typed);
	tcase_add_test(t, what_was_recorded_is_shown_with_its_time);
	tcase_add_test(t, every_problem_has_a_page_in_both_languages);
	tcase_add_test(t, every_phrase_is_there_in_both_languages);
	return t;
}

static TCase *answers(void)
{
	TCase *t = tcase_create("answers");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, limits_count_characters_not_bytes);
	tcase_add_test(t, a_choice_is_needed_and_must_be_known);
	tcase_add_test(t, texts_are_tidied);
	tcase_add_test(t, items_become_json);
	return t;
}

int main(void)
{
	Suite *suite = suite_create("page");

	suite_add_tcase(suite, pages());
	suite_add_tcase(suite, answers());
	return run_suite(suite);
}
