/*
 * The form decoder: what browsers send goes in, everything else is refused whole.
 */

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/text/form.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct form form;

static void sound(const char *bytes)
{
	ck_assert_int_eq(form_decode(bytes, strlen(bytes), &form), FORM_SOUND);
}

static void has(const char *name, const char *value)
{
	const char *found = form_value(&form, name);

	ck_assert_msg(found, "no field %s", name);
	ck_assert_str_eq(found, value);
}

static void refused(const char *bytes, size_t length, enum form_fault fault)
{
	ck_assert_msg(form_decode(bytes, length, &form) == fault, "%s", bytes);
	ck_assert_uint_eq(form.count, 0);
	ck_assert_ptr_null(form_value(&form, "a"));
}

#define REFUSED(text, fault) refused(text, sizeof(text) - 1, fault)

START_TEST(fields_are_read)
{
	sound("status=safe&comment=a+b%21&item1=&lang=ja");
	ck_assert_uint_eq(form.count, 4);
	has("status", "safe");
	has("comment", "a b!");
	has("item1", "");
	has("lang", "ja");
	ck_assert_ptr_null(form_value(&form, "item2"));
	form_free(&form);
}
END_TEST

START_TEST(nothing_is_a_form_without_fields)
{
	sound("");
	ck_assert_uint_eq(form.count, 0);
	form_free(&form);
}
END_TEST

START_TEST(japanese_comes_through_percents_and_bare)
{
	sound("a=%E7%84%A1%E4%BA%8B&b=%e7%84%a1&c=無事&%E5%90%8D=x");
	has("a", "無事");
	has("b", "無");
	has("c", "無事");
	has("名", "x");
	form_free(&form);
}
END_TEST

START_TEST(new_lines_become_lf)
{
	sound("a=1%0D%0A2%0A3%0D4%0D%0D%0A5");
	has("a", "1\n2\n3\n4\n\n5");
	form_free(&form);
}
END_TEST

START_TEST(an_equals_sign_may_stand_in_a_value_or_be_left_out)
{
	sound("a=b=c&d");
	has("a", "b=c");
	has("d", "");
	form_free(&form);
}
END_TEST

START_TEST(broken_percents_are_refused)
{
	REFUSED("a=%", FORM_BROKEN);
	REFUSED("a=%4", FORM_BROKEN);
	REFUSED("a=%4&b=1", FORM_BROKEN);
	REFUSED("a=%zz", FORM_BROKEN);
	REFUSED("a=%u7121", FORM_BROKEN);
	REFUSED("%=1", FORM_BROKEN);
}
END_TEST

START_TEST(empty_fields_and_bare_controls_are_refused)
{
	REFUSED("&", FORM_BROKEN);
	REFUSED("a=1&", FORM_BROKEN);
	REFUSED("&a=1", FORM_BROKEN);
	REFUSED("a=1&&b=2", FORM_BROKEN);
	REFUSED("=1", FORM_BROKEN);
	REFUSED("a=1\n", FORM_BROKEN);
	REFUSED("a=\x7f", FORM_BROKEN);
	REFUSED("a=\0", FORM_BROKEN);
}
END_TEST

START_TEST(what_is_not_utf8_is_refused)
{
	REFUSED("a=%ff", FORM_NOT_UTF8);
	REFUSED("a=\xff", FORM_NOT_UTF8);
	REFUSED("a=%00", FORM_NOT_UTF8);
	REFUSED("a=%e7%84", FORM_NOT_UTF8);
	REFUSED("a=%c0%af", FORM_NOT_UTF8);
	REFUSED("a=%ed%a0%80", FORM_NOT_UTF8);
	REFUSED("a=%f4%90%80%80", FORM_NOT_UTF8);
	REFUSED("%ff=1", FORM_NOT_UTF8);
	REFUSED("a=%96%b3%8e%96", FORM_NOT_UTF8); /* Shift_JIS */
}
END_TEST

START_TEST(a_field_that_is_there_twice_is_refused)
{
	REFUSED("status=safe&status=severe", FORM_TWICE);
	REFUSED("a=1&b=2&%61=3", FORM_TWICE);
}
END_TEST

START_TEST(the_number_of_fields_is_limited)
{
	char text[FORM_FIELDS * 8];
	size_t length = 0;

	for (int i = 0; i < FORM_FIELDS; i++)
		length += (size_t)snprintf(text + length, sizeof text - length, "%sf%d=1",
					   i ? "&" : "", i);
	ck_assert_int_eq(form_decode(text, length, &form), FORM_SOUND);
	ck_assert_uint_eq(form.count, FORM_FIELDS);
	form_free(&form);
	strcpy(text + length, "&z=1");
	refused(text, length + 4, FORM_TOO_MANY);
}
END_TEST

/* Any bytes: sound forms hold sound UTF-8, and nothing is read or written out of bounds. */
START_TEST(no_bytes_do_harm)
{
	static const char likely[] = "%&=+0aF\xe7\x84\xa1";

	srand(20261121);
	for (int round = 0; round < 20000; round++) {
		size_t length = (size_t)rand() % 40;
		char *bytes = mem_array(length, 1);
		for (size_t i = 0; i < length; i++)
			bytes[i] = rand() % 8 ? likely[(size_t)rand() % (sizeof likely - 1)]
					      : (char)rand();
		if (form_decode(bytes, length, &form) == FORM_SOUND)
			for (size_t i = 0; i < form.count; i++)
				ck_assert(utf8_valid(form.field[i].value,
						     strlen(form.field[i].value)));
		form_free(&form);
		free(bytes);
	}
}
END_TEST

START_TEST(a_program_may_repeat_names)
{
	static const char bytes[] = "a=1&b=%0D%0A&a=2&a=1";

	ck_assert_int_eq(form_decode_raw(bytes, sizeof bytes - 1, &form), FORM_SOUND);
	ck_assert_uint_eq(form.count, 4);
	has("a", "1");
	has("b", "\r\n");
	ck_assert_str_eq(form.field[2].value, "2");
	form_free(&form);
	ck_assert_int_eq(form_decode_raw("a=%ff", 5, &form), FORM_NOT_UTF8);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("form");
	TCase *t = tcase_create("form");

	tcase_add_test(t, fields_are_read);
	tcase_add_test(t, a_program_may_repeat_names);
	tcase_add_test(t, nothing_is_a_form_without_fields);
	tcase_add_test(t, japanese_comes_through_percents_and_bare);
	tcase_add_test(t, new_lines_become_lf);
	tcase_add_test(t, an_equals_sign_may_stand_in_a_value_or_be_left_out);
	tcase_add_test(t, broken_percents_are_refused);
	tcase_add_test(t, empty_fields_and_bare_controls_are_refused);
	tcase_add_test(t, what_is_not_utf8_is_refused);
	tcase_add_test(t, a_field_that_is_there_twice_is_refused);
	tcase_add_test(t, the_number_of_fields_is_limited);
	tcase_add_test(t, no_bytes_do_harm);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
