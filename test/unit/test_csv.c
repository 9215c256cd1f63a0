/*
 * Comma-separated values and the characters of roster files.
 */

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/text/charset.h"
#include "common/text/csv.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* All records of a text: "line:[cell][cell]" or "line!" for a fault, by blank. */
static char *read_text(const char *text, size_t length)
{
	struct buf told = {0};
	struct csv csv;
	enum csv_result result;

	csv_open(&csv, text, length, '#');
	while ((result = csv_next(&csv)) != CSV_END) {
		buf_format(&told, "%s%zu", told.length ? " " : "", csv.line);
		buf_char(&told, result == CSV_FAULT ? '!' : ':');
		ck_assert(result != CSV_FAULT || csv.fault[0]);
		for (size_t i = 0; result == CSV_RECORD && i < csv.count; i++)
			buf_format(&told, "[%s]", csv.cell[i]);
	}
	csv_close(&csv);
	return buf_take(&told);
}

static const struct {
	const char *text, *told;
} readings[] = {
	{"", ""},
	{"\n\r\n \t\n", ""},
	{"a", "1:[a]"},
	{"a,b\r\nc,d\r\n", "1:[a][b] 2:[c][d]"},
	{"a,b\nc,d", "1:[a][b] 2:[c][d]"},
	{",\n", "1:[][]"},
	{"a,\nb,", "1:[a][] 2:[b][]"},
	{" a , b \n", "1:[ a ][ b ]"},
	{"\"a\",\"b\"", "1:[a][b]"},
	{"\"\",x", "1:[][x]"},
	{" \"a\" ,\t\"b\"\t\n", "1:[a][b]"},
	{"\"a,b\"\"c\"\"\",d", "1:[a,b\"c\"][d]"},
	{"\"\"\"\"", "1:[\"]"},
	{"\"a\nb\r\nc\",d\ne", "1:[a\nb\r\nc][d] 4:[e]"},
	/* comments, whatever is in them */
	{"# \"not, closed\na\n  #b\nc", "2:[a] 4:[c]"},
	{"a\n\"#\",b\n", "1:[a] 2:[#][b]"},
	{"#", ""},
	/* faults: the next line is read all the same */
	{"a\"b\nc", "1! 2:[c]"},
	{"\"a\"b,c\nd", "1! 2:[d]"},
	{"\"a\nb,c\nd", "1! 2:[b][c] 3:[d]"},
	{"a\rb\nc", "1! 2:[c]"},
	{"a\n\"", "1:[a] 2!"},
	/* a file that ends within its last line end */
	{"a,b\r", "1:[a][b]"},
};

START_TEST(records_are_read)
{
	/* A copy of the exact size, so that a byte read too far is noticed. */
	size_t length = strlen(readings[_i].text);
	char *text = mem_alloc(length ? length : 1);
	memcpy(text, readings[_i].text, length);

	char *told = read_text(text, length);
	ck_assert_str_eq(told, readings[_i].told);
	free(told);
	free(text);
}
END_TEST

START_TEST(nul_bytes_are_faults)
{
	char *told = read_text("a\0b,c\nd,\"e\0\"\nf", 14);

	ck_assert_str_eq(told, "1! 2! 3:[f]");
	free(told);
}
END_TEST

START_TEST(records_have_a_size)
{
	size_t length = CSV_RECORD_MOST + 100;
	char *text = mem_alloc(length + 3);

	memset(text, 'x', length);
	memcpy(text + length, "\ny", 3);
	char *told = read_text(text, length + 2);
	ck_assert_str_eq(told, "1! 2:[y]");
	free(told);

	text[0] = '"';
	told = read_text(text, length + 2);
	ck_assert_str_eq(told, "1! 2:[y]");
	free(told);

	memset(text, ',', CSV_CELLS_MOST - 1);
	memcpy(text + CSV_CELLS_MOST - 1, "\nz", 3);
	struct csv csv;
	csv_open(&csv, text, strlen(text), 0);
	ck_assert_int_eq(csv_next(&csv), CSV_RECORD);
	ck_assert_uint_eq(csv.count, CSV_CELLS_MOST);
	csv_close(&csv);

	memset(text, ',', CSV_CELLS_MOST);
	memcpy(text + CSV_CELLS_MOST, "\nz", 3);
	told = read_text(text, strlen(text));
	ck_assert_str_eq(told, "1! 2:[z]");
	free(told);
	free(text);
}
END_TEST

START_TEST(any_bytes_are_survived)
{
	static const char some[] = ",\"\n\r# \tab\0\x81\xff";
	char text[64];

	srand(1);
	for (int round = 0; round < 20000; round++) {
		size_t length = (size_t)rand() % sizeof text;
		for (size_t i = 0; i < length; i++)
			text[i] = some[(size_t)rand() % (sizeof some - 1)];
		char *exact = mem_alloc(length ? length : 1);
		memcpy(exact, text, length);
		free(read_text(exact, length));
		free(exact);
	}
}
END_TEST

static const struct {
	const char *cell, *written;
} writings[] = {
	{"", ""},
	{"plain", "plain"},
	{"a b", "a b"},
	{"a,b", "\"a,b\""},
	{"say \"x\"", "\"say \"\"x\"\"\""},
	{"a\nb", "\"a\nb\""},
	{"a\rb", "\"a\rb\""},
	{" a", "\" a\""},
	{"a\t", "\"a\t\""},
	{"=1+1", "=1+1"},
};

START_TEST(cells_are_written)
{
	struct buf out = {0};

	csv_put(&out, writings[_i].cell);
	ck_assert_str_eq(buf_text(&out), writings[_i].written);

	struct csv csv;
	csv_open(&csv, buf_text(&out), out.length, 0);
	if (out.length) {
		ck_assert_int_eq(csv_next(&csv), CSV_RECORD);
		ck_assert_str_eq(csv.cell[0], writings[_i].cell);
	}
	csv_close(&csv);
	buf_free(&out);
}
END_TEST

static const struct {
	const char *text, *written;
} texts[] = {
	{"", ""},
	{"plain", "plain"},
	{"=1+1", "'=1+1"},
	{"+81 90", "'+81 90"},
	{"-", "'-"},
	{"@SUM(A1)", "'@SUM(A1)"},
	{"\tx", "'\tx"},
	{"\rx", "\"'\rx\""},
	{"=\"a\",b", "\"'=\"\"a\"\",b\""},
	{"'quoted'", "'quoted'"},
	{"'", "'"},
	{"'=1", "''=1"},
	{"''=1", "'''=1"},
	{"a=1", "a=1"},
};

START_TEST(no_text_is_a_formula_and_each_comes_back)
{
	struct buf out = {0};
	struct csv csv;

	csv_put_text(&out, texts[_i].text);
	ck_assert_str_eq(buf_text(&out), texts[_i].written);
	csv_open(&csv, buf_text(&out), out.length, 0);
	if (out.length) {
		ck_assert_int_eq(csv_next(&csv), CSV_RECORD);
		ck_assert(!csv.cell[0][0] || !strchr("=+-@\t\r", csv.cell[0][0]));
		ck_assert_str_eq(csv_text(csv.cell[0]), texts[_i].text);
	}
	csv_close(&csv);
	buf_free(&out);
}
END_TEST

/* characters */

/* One character as UTF-8. */
static const char *utf8_of(uint32_t c)
{
	static char text[5];
	struct buf b = {0};

	if (c < 0x80)
		buf_format(&b, "%c", (int)c);
	else if (c < 0x800)
		buf_format(&b, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 63)));
	else if (c < 0x10000)
		buf_format(&b, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 63)),
			   (int)(0x80 | (c & 63)));
	else
		buf_format(&b, "%c%c%c%c", (int)(0xf0 | c >> 18), (int)(0x80 | (c >> 12 & 63)),
			   (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
	memcpy(text, b.data, b.length + 1);
	buf_free(&b);
	return text;
}

START_TEST(every_character_comes_back)
{
	/* The only ones that become another: Windows has one form for both. */
	static const struct {
		uint32_t from, to;
	} twins[] = {{0x301c, 0xff5e}, {0x2212, 0xff0d}, {0x2014, 0x2015}, {0x2016, 0x2225},
		     {0xa2, 0xffe0},   {0xa3, 0xffe1},   {0xac, 0xffe2}};
	size_t carried = 0, changed = 0;

	for (uint32_t c = 1; c < 0x20000; c++) {
		struct buf bytes = {0}, back = {0};
		uint32_t missing, expected = c;
		if (c >= 0xd800 && c < 0xe000)
			continue;
		for (size_t i = 0; i < LENGTH(twins); i++)
			if (twins[i].from == c)
				expected = twins[i].to;
		if (charset_to_cp932(utf8_of(c), &bytes, &missing)) {
			carried++;
			changed += expected != c;
			ck_assert_uint_eq(
				charset_to_utf8(CHARSET_CP932, bytes.data, bytes.length, &back), 0);
			ck_assert_msg(strcmp(buf_text(&back), utf8_of(expected)) == 0, "U+%04X", c);
		} else {
			ck_assert_uint_eq(missing, c);
			ck_assert_uint_eq(bytes.length, 0);
			ck_assert_uint_eq(expected, c);
		}
		buf_free(&bytes);
		buf_free(&back);
	}
	ck_assert_uint_eq(changed, LENGTH(twins));
	ck_assert_uint_gt(carried, 9000);
}
END_TEST

START_TEST(windows_characters_are_there)
{
	struct buf bytes = {0};
	uint32_t missing;

	ck_assert(charset_to_cp932("㈱点呼 髙﨑①～－\\~ｱ", &bytes, &missing));
	ck_assert_str_eq(buf_text(&bytes), "\x87\x8a\x93\x5f\x8c\xc4 \xfb\xfc\xfa\xb1\x87\x40"
					   "\x81\x60\x81\x7c\\~\xb1");
	buf_free(&bytes);
}
END_TEST

START_TEST(what_is_missing_is_told)
{
	static const struct {
		const char *text;
		uint32_t character;
	} cases[] = {{"a𠮷b", 0x20bb7}, {"葛\U000e0100", 0xe0100},
		     {"¥", 0xa5},       {"‾", 0x203e},
		     {"é", 0xe9},       {"한", 0xd55c}};
	struct buf bytes = {0};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint32_t missing = 0;
		buf_clear(&bytes);
		buf_text_add(&bytes, "before");
		ck_assert(!charset_to_cp932(cases[i].text, &bytes, &missing));
		ck_assert_uint_eq(missing, cases[i].character);
		ck_assert_str_eq(buf_text(&bytes), "before");
	}
	buf_free(&bytes);
}
END_TEST

START_TEST(unsound_bytes_are_replaced)
{
	static const struct {
		enum charset charset;
		const char *bytes, *text;
		size_t unsound;
	} cases[] = {
		{CHARSET_CP932, "a\x81,b", "a\xef\xbf\xbd,b", 1}, /* the comma stays */
		{CHARSET_CP932, "\x81", "\xef\xbf\xbd", 1},
		{CHARSET_CP932, "\x80\xff\xfd", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 3},
		{CHARSET_CP932, "\x82\xa0", "あ", 0},
		{CHARSET_UTF8,
		 "a\xff"
		 "b",
		 "a\xef\xbf\xbd"
		 "b",
		 1},
		{CHARSET_UTF8, "\xe3\x81", "\xef\xbf\xbd\xef\xbf\xbd", 2},
		{CHARSET_UTF8, "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd", 2},
		{CHARSET_UTF8,
		 "\xef\xbb\xbf"
		 "あ",
		 "あ", 0},
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct buf out = {0};
		size_t length = strlen(cases[i].bytes);
		char *exact = mem_alloc(length);
		memcpy(exact, cases[i].bytes, length);
		ck_assert_uint_eq(charset_to_utf8(cases[i].charset, exact, length, &out),
				  cases[i].unsound);
		ck_assert_str_eq(buf_text(&out), cases[i].text);
		ck_assert(utf8_valid(buf_text(&out), out.length));
		free(exact);
		buf_free(&out);
	}
}
END_TEST

START_TEST(charsets_are_told_apart)
{
	static const struct {
		const char *bytes;
		enum charset charset;
	} cases[] = {
		{"", CHARSET_UTF8},
		{"id,name\n1,x\n", CHARSET_UTF8},
		{"\xef\xbb\xbfid\n", CHARSET_UTF8},
		{"\xff\xfe", CHARSET_UTF16},
		{"\xfe\xff", CHARSET_UTF16},
		{"更新区分,x\n", CHARSET_UTF8},
		{"\x8d\x58\x90\x56\n", CHARSET_CP932},
		/* the first line that is not ASCII decides; damage further down is told of there */
		{"id\n更新\n\xff\n", CHARSET_UTF8},
		{"id\n\x8d\x58\n更新\n", CHARSET_CP932},
		{"\xff", CHARSET_CP932},
	};

	for (size_t i = 0; i < LENGTH(cases); i++)
		ck_assert_int_eq(charset_detect(cases[i].bytes, strlen(cases[i].bytes)),
				 cases[i].charset);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("csv");
	TCase *csv = tcase_create("csv"), *charset = tcase_create("charset");

	tcase_set_timeout(csv, 60);
	tcase_add_loop_test(csv, records_are_read, 0, LENGTH(readings));
	tcase_add_test(csv, nul_bytes_are_faults);
	tcase_add_test(csv, records_have_a_size);
	tcase_add_test(csv, any_bytes_are_survived);
	tcase_add_loop_test(csv, cells_are_written, 0, LENGTH(writings));
	tcase_add_loop_test(csv, no_text_is_a_formula_and_each_comes_back, 0, LENGTH(texts));
	suite_add_tcase(suite, csv);
	tcase_set_timeout(charset, 60);
	tcase_add_test(charset, every_character_comes_back);
	tcase_add_test(charset, windows_characters_are_there);
	tcase_add_test(charset, what_is_missing_is_told);
	tcase_add_test(charset, unsound_bytes_are_replaced);
	tcase_add_test(charset, charsets_are_told_apart);
	suite_add_tcase(suite, charset);
	return run_suite(suite);
}
