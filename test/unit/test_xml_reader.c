/*
 * XML from outside: what is read, and what is refused.
 */

#include "common/base/mem.h"
#include "common/text/xml_reader.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* "name[attribute=value]{text}(children)" of a node and its siblings. */
static void tell(const struct xml_node *node, struct buf *told)
{
	for (; node; node = node->next) {
		buf_text_add(told, node->name);
		for (const struct xml_attribute *a = node->attributes; a; a = a->next)
			buf_format(told, "[%s=%s]", a->name, a->value);
		if (node->text[0])
			buf_format(told, "{%s}", node->text);
		if (node->first) {
			buf_char(told, '(');
			tell(node->first, told);
			buf_char(told, ')');
		}
		if (node->next)
			buf_char(told, ' ');
	}
}

static const struct {
	const char *text, *told;
} sound[] = {
	{"<a/>", "a"},
	{"\xef\xbb\xbf<a/>", "a"},
	{"<?xml version='1.0' encoding='utf-8'?>\n<a>\n b \n</a>\n", "a{b}"},
	{"<a x='1' y=\"&lt;&#x41;\"><b>1</b>2<c/>3</a>", "a[x=1][y=<A]{23}(b{1} c)"},
	{"<p:a xmlns:p='urn:x'><p:b/></p:a>", "a(b)"},
	{"<a><![CDATA[<b>&amp;]]></a>", "a{<b>&amp;}"},
	{"<a><!-- <b> ' <!DOCTYPE --><![CDATA[<!DOCTYPE '>]]></a>", "a{<!DOCTYPE '>}"},
	{"<a x='>' y='\"'><b z=\"'>\"/></a>", "a[x=>][y=\"](b[z='>])"},
	{"<?xml-stylesheet href='http://192.0.2.1/x.xsl'?><a/><!-- c -->", "a"},
	{"<名>値</名>", "名{値}"},
};

START_TEST(what_is_sound)
{
	struct buf fault = {0}, told = {0};
	struct xml *xml = xml_read(sound[_i].text, strlen(sound[_i].text), &fault);

	ck_assert_msg(xml != NULL, "%s: %s", sound[_i].text, buf_text(&fault));
	tell(xml_root(xml), &told);
	ck_assert_str_eq(buf_text(&told), sound[_i].told);
	ck_assert_uint_eq(fault.length, 0);
	buf_free(&told);
	xml_free(xml);
}
END_TEST

static const struct {
	const char *text, *fault; /* a part of it */
} unsound[] = {
	{"", "is empty"},
	{" ", ""},
	{"no xml", "line 1: "},
	{"<a>", "line 1: "},
	{"<a>\n<b></a>", "line 2: "},
	{"<a/><b/>", "line 1: "},
	{"<a x='1' x='2'/>", "line 1: "},
	{"<p:a/>", "line 1: "},
	{"<a>&b;</a>", "line 1: "},
	{"<a>&#0;</a>", "line 1: "},
	{"<!DOCTYPE a><a/>", "line 1: has a document type"},
	{"<?xml version='1.0'?>\n<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
	 "line 2: has a document type"},
	{"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", "has a document type"},
	{"<?xml version='1.0' encoding='Shift_JIS'?><a/>", "another than UTF-8"},
	{"<?xml version='1.0' encoding=\"UTF-16\"?><a/>", "another than UTF-8"},
	{"<a>\x83\x65</a>", "byte 4 is no UTF-8"},
	{"\xff\xfe<\0a\0/\0>\0", "byte 1 is no UTF-8"},
};

START_TEST(what_is_refused)
{
	struct buf fault = {0};
	struct xml *xml = xml_read(unsound[_i].text, strlen(unsound[_i].text), &fault);

	ck_assert_msg(xml == NULL, "%s", unsound[_i].text);
	ck_assert_msg(strstr(buf_text(&fault), unsound[_i].fault) != NULL, "%s: %s",
		      unsound[_i].text, buf_text(&fault));
	ck_assert_uint_gt(fault.length, 0);
	buf_free(&fault);
}
END_TEST

START_TEST(a_nul_is_refused)
{
	static const char text[] = "<a>\0</a>";
	struct buf fault = {0};

	ck_assert_ptr_null(xml_read(text, sizeof text - 1, &fault));
	ck_assert_str_eq(buf_text(&fault), "byte 4 is NUL; it must be UTF-8");
	buf_free(&fault);
}
END_TEST

/* Ten entities of ten each, nine deep: a thousand million words from a thousand bytes. */
START_TEST(a_billion_laughs_are_refused_unread)
{
	struct buf text = {0}, fault = {0};

	buf_text_add(&text, "<!DOCTYPE a [<!ENTITY l0 'ha'>");
	for (int i = 1; i < 10; i++) {
		buf_format(&text, "<!ENTITY l%d '", i);
		for (int k = 0; k < 10; k++)
			buf_format(&text, "&l%d;", i - 1);
		buf_text_add(&text, "'>");
	}
	buf_text_add(&text, "]><a x='&l9;'>&l9;</a>");
	ck_assert_ptr_null(xml_read(text.data, text.length, &fault));
	ck_assert_msg(strstr(buf_text(&fault), "document type") != NULL, "%s", buf_text(&fault));
	buf_free(&text);
	buf_free(&fault);
}
END_TEST

static void nest(struct buf *text, int depth)
{
	for (int i = 0; i < depth; i++)
		buf_text_add(text, "<a>");
	for (int i = 0; i < depth; i++)
		buf_text_add(text, "</a>");
}

START_TEST(depth_is_limited)
{
	struct buf text = {0}, fault = {0};

	nest(&text, XML_DEPTH_MOST);
	struct xml *xml = xml_read(text.data, text.length, &fault);
	ck_assert_ptr_nonnull(xml);
	xml_free(xml);
	buf_clear(&text);
	nest(&text, XML_DEPTH_MOST + 1);
	ck_assert_ptr_null(xml_read(text.data, text.length, &fault));
	ck_assert_msg(strstr(buf_text(&fault), "too deep") != NULL, "%s", buf_text(&fault));
	buf_free(&text);
	buf_free(&fault);
}
END_TEST

START_TEST(the_number_of_elements_is_limited)
{
	struct buf text = {0}, fault = {0};

	buf_text_add(&text, "<a>");
	for (int i = 0; i < XML_NODES_MOST; i++)
		buf_text_add(&text, "<b/>");
	buf_text_add(&text, "</a>");
	ck_assert_ptr_null(xml_read(text.data, text.length, &fault));
	ck_assert_msg(strstr(buf_text(&fault), "too many elements") != NULL, "%s",
		      buf_text(&fault));
	buf_free(&text);
	buf_free(&fault);
}
END_TEST

static void add_attributes(struct buf *text, int count)
{
	buf_clear(text);
	buf_text_add(text, "<a>\n<b");
	for (int i = 0; i < count; i++)
		buf_format(text, " x%d=''", i);
	buf_text_add(text, "/></a>");
}

/* A quarter of a million take no longer than one too many: they are never compared. */
START_TEST(attributes_are_limited)
{
	struct buf text = {0}, fault = {0};

	add_attributes(&text, XML_ATTRIBUTES_MOST);
	struct xml *xml = xml_read(text.data, text.length, &fault);
	ck_assert_ptr_nonnull(xml);
	xml_free(xml);
	add_attributes(&text, XML_ATTRIBUTES_MOST + 1);
	ck_assert_ptr_null(xml_read(text.data, text.length, &fault));
	ck_assert_str_eq(buf_text(&fault), "line 2: an element has too many attributes");
	buf_clear(&fault);
	add_attributes(&text, 250000);
	ck_assert_ptr_null(xml_read(text.data, text.length, &fault));
	ck_assert_msg(strstr(buf_text(&fault), "too many attributes") != NULL, "%s",
		      buf_text(&fault));
	buf_free(&text);
	buf_free(&fault);
}
END_TEST

/* Wherever a document breaks off, nothing of it is read. */
START_TEST(half_a_document_is_none)
{
	static const char text[] = "<?xml version='1.0'?><a><b x='1'>text &amp; more</b><c/></a>";
	struct buf fault = {0};

	for (size_t length = 0; length < sizeof text - 1; length++) {
		buf_clear(&fault);
		ck_assert_msg(xml_read(text, length, &fault) == NULL, "%zu bytes", length);
		ck_assert_uint_gt(fault.length, 0);
	}
	buf_free(&fault);
}
END_TEST

START_TEST(nodes_are_found_by_path)
{
	static const char text[] = "<a xmlns='urn:x'><b k='v'><c>1</c></b><d/><b><c>2</c></b></a>";
	struct buf fault = {0};
	struct xml *xml = xml_read(text, sizeof text - 1, &fault);

	ck_assert_ptr_nonnull(xml);
	const struct xml_node *a = xml_root(xml), *b = xml_at(a, "b");
	ck_assert_str_eq(a->space, "urn:x");
	ck_assert_str_eq(xml_text(a, "b/c"), "1");
	ck_assert_str_eq(xml_text(a, "b/x/c"), "");
	ck_assert_str_eq(xml_text(NULL, "b"), "");
	ck_assert_ptr_null(xml_at(a, "bb"));
	ck_assert_str_eq(xml_attribute(b, "k"), "v");
	ck_assert_str_eq(xml_attribute(b, "kk"), "");
	ck_assert_str_eq(xml_text(xml_next(b), "c"), "2");
	ck_assert_ptr_null(xml_next(xml_next(b)));
	xml_free(xml);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xml_reader");
	TCase *tests = tcase_create("xml_reader");

	tcase_add_loop_test(tests, what_is_sound, 0, LENGTH(sound));
	tcase_add_loop_test(tests, what_is_refused, 0, LENGTH(unsound));
	tcase_add_test(tests, a_nul_is_refused);
	tcase_add_test(tests, a_billion_laughs_are_refused_unread);
	tcase_add_test(tests, depth_is_limited);
	tcase_add_test(tests, the_number_of_elements_is_limited);
	tcase_add_test(tests, attributes_are_limited);
	tcase_add_test(tests, half_a_document_is_none);
	tcase_add_test(tests, nodes_are_found_by_path);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
