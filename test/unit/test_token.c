/*
 * Reply tokens and their key file, against RFC 2104 by way of a token computed elsewhere.
 */

#include "common/auth/token.h"
#include "common/base/mem.h"
#include "test/unit/run.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_2 "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

static char folder[] = "/tmp/tktokenXXXXXX";
static char file[64];

static void make_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(file, sizeof file, "%s/secret.key", folder);
}

static void remove_folder(void)
{
	unlink(file);
	rmdir(folder);
}

static void write_file(const char *text)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static struct token_keys *load(const char *text)
{
	struct buf fault = {0};

	write_file(text);
	struct token_keys *keys = token_keys_load(file, &fault);
	ck_assert_msg(keys, "%s", buf_text(&fault));
	ck_assert_uint_eq(fault.length, 0);
	return keys;
}

static void refused(const char *text, const char *because)
{
	struct buf fault = {0};

	write_file(text);
	ck_assert_ptr_null(token_keys_load(file, &fault));
	ck_assert_msg(strstr(buf_text(&fault), file), "no file name in: %s", buf_text(&fault));
	ck_assert_msg(strstr(buf_text(&fault), because), "no \"%s\" in: %s", because,
		      buf_text(&fault));
	buf_free(&fault);
}

START_TEST(a_token_is_what_the_rule_says)
{
	/* hmac.new(bytes(range(32)), b"tenko reply" + pack(">BII", 1, 7, 65536), "sha256") */
	struct token_keys *keys = load("1 " KEY_1 "\n");
	char text[TOKEN_LENGTH + 1];
	int64_t broadcast, person;

	token_make(keys, 7, 65536, text);
	ck_assert_str_eq(text, "AQAAAAcAAQAAxpCMnbcOR913L4Wq");
	ck_assert(token_check(keys, text, &broadcast, &person));
	ck_assert_int_eq(broadcast, 7);
	ck_assert_int_eq(person, 65536);
	token_keys_free(keys);
}
END_TEST

START_TEST(all_ids_up_to_the_last_go_there_and_back)
{
	static const int64_t ids[] = {1,         2, 255, 256, 65535, 16777216, INT64_C(2147483648),
				      UINT32_MAX};
	struct token_keys *keys = load("200 " KEY_1 "\n");
	char text[TOKEN_LENGTH + 1];

	for (size_t i = 0; i < LENGTH(ids); i++) {
		for (size_t j = 0; j < LENGTH(ids); j++) {
			int64_t broadcast, person;
			token_make(keys, ids[i], ids[j], text);
			ck_assert_uint_eq(strlen(text), TOKEN_LENGTH);
			ck_assert_uint_eq(strspn(text,
						 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
						 "wxyz0123456789-_"),
					  TOKEN_LENGTH);
			ck_assert(token_check(keys, text, &broadcast, &person));
			ck_assert_int_eq(broadcast, ids[i]);
			ck_assert_int_eq(person, ids[j]);
		}
	}
	token_keys_free(keys);
}
END_TEST

START_TEST(a_call_token_is_what_the_rule_says)
{
	/* hmac.new(bytes(range(32)), b"tenko call" + pack(">BQ", 1, 2 ** 40 + 7), "sha256") */
	struct token_keys *keys = load("1 " KEY_1 "\n");
	char text[TOKEN_LENGTH + 1];
	int64_t attempt;

	token_make_call(keys, (INT64_C(1) << 40) + 7, text);
	ck_assert_str_eq(text, "AQAAAQAAAAAHBtzGHdYMNIsqN53G");
	ck_assert(token_check_call(keys, text, &attempt));
	ck_assert_int_eq(attempt, (INT64_C(1) << 40) + 7);
	token_make_call(keys, INT64_MAX, text);
	ck_assert(token_check_call(keys, text, &attempt));
	ck_assert_int_eq(attempt, INT64_MAX);
	token_keys_free(keys);
}
END_TEST

START_TEST(neither_kind_of_token_passes_for_the_other)
{
	struct token_keys *keys = load("1 " KEY_1 "\n");
	char text[TOKEN_LENGTH + 1];
	int64_t attempt, broadcast, person;

	token_make(keys, 1, 7, text);
	ck_assert(!token_check_call(keys, text, &attempt));
	token_make_call(keys, (INT64_C(1) << 32) + 7, text);
	ck_assert(!token_check(keys, text, &broadcast, &person));
	token_keys_free(keys);
}
END_TEST

START_TEST(any_other_character_anywhere_is_refused)
{
	struct token_keys *keys = load("1 " KEY_1 "\n");
	char text[TOKEN_LENGTH + 1];
	int64_t broadcast, person;

	token_make(keys, 12, 34, text);
	for (size_t i = 0; i < TOKEN_LENGTH; i++) {
		char was = text[i];
		for (int c = 1; c < 256; c++) {
			text[i] = (char)c;
			ck_assert_msg(token_check(keys, text, &broadcast, &person) ==
					      (text[i] == was),
				      "character %d at %zu", c, i);
		}
		text[i] = was;
	}
	token_keys_free(keys);
}
END_TEST

START_TEST(a_token_of_another_length_is_refused)
{
	struct token_keys *keys = load("1 " KEY_1 "\n");
	char text[TOKEN_LENGTH + 2];
	int64_t broadcast, person;

	token_make(keys, 12, 34, text);
	strcat(text, "A");
	ck_assert(!token_check(keys, text, &broadcast, &person));
	for (size_t length = 0; length < TOKEN_LENGTH; length++) {
		text[length] = '\0';
		ck_assert(!token_check(keys, text, &broadcast, &person));
		text[length] = 'A';
	}
	token_keys_free(keys);
}
END_TEST

START_TEST(an_unknown_key_is_refused_even_if_its_place_is_all_zero)
{
	struct token_keys *zero =
		load("9 0000000000000000000000000000000000000000000000000000000000000000\n");
	struct token_keys *other = load("1 " KEY_1 "\n");
	char text[TOKEN_LENGTH + 1];
	int64_t broadcast, person;

	token_make(zero, 1, 1, text);
	ck_assert(token_check(zero, text, &broadcast, &person));
	ck_assert(!token_check(other, text, &broadcast, &person));
	token_keys_free(zero);
	token_keys_free(other);
}
END_TEST

START_TEST(a_key_can_be_replaced_while_old_links_stay_good)
{
	struct token_keys *before = load("1 " KEY_1 "\n");
	char old_text[TOKEN_LENGTH + 1], new_text[TOKEN_LENGTH + 1];
	int64_t broadcast, person;

	token_make(before, 3, 4, old_text);
	struct token_keys *after = load("2 " KEY_2 "\n1 " KEY_1 "\n");
	token_make(after, 3, 4, new_text);
	ck_assert_str_ne(old_text, new_text);
	ck_assert(token_check(after, old_text, &broadcast, &person));
	ck_assert(token_check(after, new_text, &broadcast, &person));
	ck_assert(!token_check(before, new_text, &broadcast, &person));
	token_keys_free(before);
	token_keys_free(after);
}
END_TEST

START_TEST(a_fresh_file_is_private_and_differs_each_time)
{
	char first[128] = {0}, second[128] = {0};
	struct buf fault = {0};
	struct stat facts;

	for (int i = 0; i < 2; i++) {
		ck_assert_msg(token_keys_create(file, &fault), "%s", buf_text(&fault));
		ck_assert_int_eq(stat(file, &facts), 0);
		ck_assert_uint_eq(facts.st_mode & 07777, 0600);
		struct token_keys *keys = token_keys_load(file, &fault);
		ck_assert_msg(keys, "%s", buf_text(&fault));
		token_keys_free(keys);
		FILE *f = fopen(file, "re");
		ck_assert_uint_gt(fread(i ? second : first, 1, 127, f), 60);
		fclose(f);
		unlink(file);
	}
	ck_assert_str_ne(first, second);
}
END_TEST

START_TEST(a_file_that_is_there_is_never_overwritten)
{
	struct buf fault = {0};

	write_file("1 " KEY_1 "\n");
	ck_assert(!token_keys_create(file, &fault));
	ck_assert_ptr_nonnull(strstr(buf_text(&fault), file));
	ck_assert_ptr_nonnull(strstr(buf_text(&fault), "File exists"));
	token_keys_free(load("1 " KEY_1 "\n"));
	buf_free(&fault);
}
END_TEST

START_TEST(a_missing_file_says_what_makes_it)
{
	struct buf fault = {0};

	ck_assert_ptr_null(token_keys_load(file, &fault));
	ck_assert_ptr_nonnull(strstr(buf_text(&fault), "tenko init"));
	buf_free(&fault);
}
END_TEST

START_TEST(a_file_that_others_may_read_is_refused)
{
	static const mode_t modes[] = {0640, 0604, 0660, 0610, 0644};

	write_file("1 " KEY_1 "\n");
	for (size_t i = 0; i < LENGTH(modes); i++) {
		struct buf fault = {0};
		ck_assert_int_eq(chmod(file, modes[i]), 0);
		ck_assert_ptr_null(token_keys_load(file, &fault));
		ck_assert_ptr_nonnull(strstr(buf_text(&fault), "chmod 600"));
		buf_free(&fault);
	}
}
END_TEST

START_TEST(a_folder_is_no_key_file)
{
	struct buf fault = {0};

	ck_assert_ptr_null(token_keys_load(folder, &fault));
	ck_assert_ptr_nonnull(strstr(buf_text(&fault), "no regular file"));
	buf_free(&fault);
}
END_TEST

START_TEST(a_damaged_file_is_refused_with_its_line)
{
	refused("", "holds no key");
	refused("\n", ":1:");
	refused("1 " KEY_1 "\n\n", ":2:");
	refused("0 " KEY_1 "\n", "1 to 255");
	refused("256 " KEY_1 "\n", "1 to 255");
	refused("01 " KEY_1 "\n", "1 to 255");
	refused("-1 " KEY_1 "\n", "1 to 255");
	refused("1 00\n", "64 hexadecimal digits");
	refused("1 " KEY_1 "0\n", "64 hexadecimal digits");
	refused("1  " KEY_1 "\n", "64 hexadecimal digits");
	refused("1 " KEY_1 " \n", "64 hexadecimal digits");
	refused("1 " KEY_1 "\r\n", "64 hexadecimal digits");
	refused("1 G00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
		"64 hexadecimal digits");
	refused("1 " KEY_1 "\n1 " KEY_2 "\n", "there already");
	refused("key = value\n", ":1:");
}
END_TEST

START_TEST(a_file_without_its_last_newline_is_read)
{
	token_keys_free(load("1 " KEY_1));
}
END_TEST

START_TEST(a_file_that_is_far_too_long_is_refused)
{
	char *text = mem_alloc(40000);

	memset(text, '1', 39999);
	refused(text, "too long");
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("token");
	TCase *t = tcase_create("token");

	tcase_add_checked_fixture(t, make_folder, remove_folder);
	tcase_add_test(t, a_token_is_what_the_rule_says);
	tcase_add_test(t, all_ids_up_to_the_last_go_there_and_back);
	tcase_add_test(t, a_call_token_is_what_the_rule_says);
	tcase_add_test(t, neither_kind_of_token_passes_for_the_other);
	tcase_add_test(t, any_other_character_anywhere_is_refused);
	tcase_add_test(t, a_token_of_another_length_is_refused);
	tcase_add_test(t, an_unknown_key_is_refused_even_if_its_place_is_all_zero);
	tcase_add_test(t, a_key_can_be_replaced_while_old_links_stay_good);
	tcase_add_test(t, a_fresh_file_is_private_and_differs_each_time);
	tcase_add_test(t, a_file_that_is_there_is_never_overwritten);
	tcase_add_test(t, a_missing_file_says_what_makes_it);
	tcase_add_test(t, a_file_that_others_may_read_is_refused);
	tcase_add_test(t, a_folder_is_no_key_file);
	tcase_add_test(t, a_damaged_file_is_refused_with_its_line);
	tcase_add_test(t, a_file_without_its_last_newline_is_read);
	tcase_add_test(t, a_file_that_is_far_too_long_is_refused);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
