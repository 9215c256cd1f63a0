/*
 * Text into HTML: nothing that comes in can become markup.
 */

#include "common/text/html.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static void escapes_to(const char *text, const char *expected)
{
	struct buf out = {0};

	buf_text_add(&out, "[");
	html_escape(&out, text);
	ck_assert_str_eq(buf_text(&out) + 1, expected);
	ck_assert_uint_eq(html_escaped_length(text), strlen(expected));
	buf_free(&out);
}

START_TEST(plain_text_stays_as_it_is)
{
	escapes_to("", "");
	escapes_to("a b\nc\td", "a b\nc\td");
	escapes_to("無事です 𠮷", "無事です 𠮷");
}
END_TEST

START_TEST(what_means_something_in_html_is_escaped)
{
	escapes_to("&", "&amp;");
	escapes_to("<script>alert(\"1\")</script>",
		   "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;");
	escapes_to("' onload='x", "&#39; onload=&#39;x");
	escapes_to("&amp;", "&amp;amp;");
	escapes_to("</textarea><b>", "&lt;/textarea&gt;&lt;b&gt;");
}
END_TEST

START_TEST(no_byte_gets_through_as_markup)
{
	for (int c = 1; c < 256; c++) {
		char text[2] = {(char)c, '\0'};
		struct buf out = {0};
		html_escape(&out, text);
		ck_assert_ptr_null(strpbrk(buf_text(&out), "<>\"'"));
		if (out.length == 1)
			ck_assert_int_ne(out.data[0], '&');
		buf_free(&out);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("html");
	TCase *t = tcase_create("html");

	tcase_add_test(t, plain_text_stays_as_it_is);
	tcase_add_test(t, what_means_something_in_html_is_escaped);
	tcase_add_test(t, no_byte_gets_through_as_markup);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
