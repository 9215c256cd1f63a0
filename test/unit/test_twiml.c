/* What is said in a call; that the XML is well formed is seen by the exchange of the system tests. */

#include "common/base/mem.h"
#include "common/text/url.h"
#include "common/text/xml.h"
#include "dispatcher/reply/voice/twiml.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static char *escaped(const char *text)
{
	struct buf out = {0};

	xml_escape(&out, text);
	return buf_take(&out);
}

static void becomes(const char *text, const char *expected)
{
	char *out = escaped(text);

	ck_assert_str_eq(out, expected);
	free(out);
}

START_TEST(text_is_text_and_nothing_else)
{
	becomes("a & b <c> \"d\" 'e'", "a &amp; b &lt;c&gt; &quot;d&quot; &#39;e&#39;");
	becomes("𠮷野家 🌏 \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9",
		"𠮷野家 🌏 \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9");
	becomes("one\ntwo\tthree", "one\ntwo\tthree");
	becomes("a\x01z\x1f\x7f", "a z \x7f");
	becomes("a\xef\xbf\xbez\xef\xbf\xbf", "a z ");
	becomes("broken \xff\xc3", "broken   ");
	becomes("]]>", "]]&gt;");
	becomes("", "");
}
END_TEST

START_TEST(addresses_are_put_together)
{
	struct buf out = {0};
	char *base = url_base("https://a.example/x//");

	ck_assert_str_eq(base, "https://a.example/x");
	free(base);
	url_encode(&out, "+81 9&=あ~");
	ck_assert_str_eq(buf_text(&out), "%2B81%209%26%3D%E3%81%82~");
	buf_free(&out);
}
END_TEST

static struct question question(void)
{
	struct question q;
	struct buf fault = {0};

	ck_assert(question_from_settings("a:一 & 1:one & 1;b:<二>:<two>", "", &q, &fault));
	return q;
}

static char *script_of(struct reply_page *page, const char *organisation)
{
	struct question q = question();
	struct twiml_view view = {
		.page = page,
		.question = &q,
		.organisation = organisation,
		.action = "https://a.example/voice/call/T?n=1&m=2",
	};
	struct buf out = {0};

	twiml_begin(&out);
	twiml_ask(&out, &view);
	twiml_end(&out);
	question_free(&q);
	return buf_take(&out);
}

static void has(const char *script, const char *part)
{
	ck_assert_msg(strstr(script, part), "no \"%s\" in %s", part, script);
}

START_TEST(the_question_in_each_language)
{
	char name[] = "Tom & <Jerry> 🐭", title[] = "地震 & 津波", body[] = "<b>", none[] = "",
	     body_en[] = "& more";
	struct reply_page page = {
		.kind = KIND_DRILL,
		.name = name,
		.title = title,
		.title_en = none,
		.body = body,
		.body_en = body_en,
	};
	char *script = script_of(&page, "A&B");

	has(script, "action=\"https://a.example/voice/call/T?n=1&amp;m=2\"");
	has(script, "<Say language=\"ja-JP\">A&amp;Bからの電話です。これは、訓練です。</Say>");
	has(script, "地震 &amp; 津波</Say>");
	has(script, ">&lt;b&gt;</Say>");
	has(script, "Tom &amp; &lt;Jerry&gt; 🐭さん");
	has(script, "「一 &amp; 1」は、1を押してください。「&lt;二&gt;」は、2を押してください。");
	has(script, "</Gather><Hangup/></Response>");
	free(script);

	page.language = LANGUAGE_EN;
	script = script_of(&page, "");
	has(script, ">This is a drill.</Say>");
	has(script, "<Say language=\"ja-JP\">地震 &amp; 津波</Say>"); /* there is no other */
	has(script, "<Say language=\"en-US\">This is for Tom &amp; &lt;Jerry&gt; 🐭.</Say>");
	has(script, ">&amp; more</Say>");
	has(script, "For &quot;one &amp; 1&quot;, press 1.For &quot;&lt;two&gt;&quot;, press 2.");
	free(script);
}
END_TEST

START_TEST(a_japanese_name_in_an_english_sentence)
{
	static const char *const names[] = {"山田", "ｱｲ", "𠮷野", "々"};
	struct buf out = {0}, expected = {0};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		buf_clear(&out);
		buf_clear(&expected);
		twiml_say(&out, PHRASE_CALL_PERSON, LANGUAGE_EN, names[i]);
		buf_format(&expected,
			   "<Say language=\"en-US\">This is for </Say>"
			   "<Say language=\"ja-JP\">%s</Say>",
			   names[i]);
		ck_assert_str_eq(buf_text(&out), buf_text(&expected));
	}
	buf_free(&out);
	buf_free(&expected);
}
END_TEST

START_TEST(a_long_body_is_cut_between_characters)
{
	char *body = mem_alloc(4 * 1000 + 1);
	char none[] = "", title[] = "T";
	struct reply_page page = {
		.kind = KIND_SAFETY,
		.name = none,
		.title = title,
		.title_en = none,
		.body = body,
		.body_en = none,
	};

	for (int i = 0; i < 1000; i++)
		memcpy(body + 4 * i, "🌏", 4);
	char *script = script_of(&page, "");
	const char *first = strstr(script, "🌏");
	ck_assert_ptr_nonnull(first);
	ck_assert_uint_eq(strstr(first, "</Say>") - first, 4 * 200);
	free(script);
	free(body);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("twiml");
	TCase *tcase = tcase_create("twiml");

	tcase_add_test(tcase, text_is_text_and_nothing_else);
	tcase_add_test(tcase, addresses_are_put_together);
	tcase_add_test(tcase, the_question_in_each_language);
	tcase_add_test(tcase, a_japanese_name_in_an_english_sentence);
	tcase_add_test(tcase, a_long_body_is_cut_between_characters);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
