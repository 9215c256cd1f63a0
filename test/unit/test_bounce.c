/* Mail that came back, as many systems word it: test/data/bounce. */

#include "common/base/mem.h"
#include "common/bounce/dsn.h"
#include "common/bounce/fields.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char back[] = "bounce@bounces.example.jp";

static void read_file(const char *name, struct buf *text)
{
	char *path = mem_format("test/data/bounce/%s.eml", name);
	FILE *file = fopen(path, "rb");
	char part[4096];
	size_t got;

	ck_assert_msg(file != NULL, "%s is not there", path);
	while ((got = fread(part, 1, sizeof part, file)) > 0)
		buf_add(text, part, got);
	fclose(file);
	free(path);
}

static const struct {
	const char *name;
	enum dsn_kind kind;
	const char *status, *proof;
	bool about;        /* taro@example.com */
	const char *words; /* among the relay's */
} samples[] = {
	{"postfix", DSN_FAILED, "5.1.1", "AAAABBBBCCCCDDDD", true, "rejected: User unknown"},
	{"postfix-delayed", DSN_DELAYED, "4.4.1", "AAAABBBBCCCCDDDD", true, "timed out"},
	{"expired", DSN_EXPIRED, "4.4.7", "", true, ""},
	{"exim", DSN_FAILED, "5.0.0", "AAAABBBBCCCCDDDD", true, "552 5.2.2 mailbox full"},
	{"exchange", DSN_FAILED, "5.1.10", "AAAABBBBCCCCDDDD", true, "RecipientNotFound"},
	{"gmail", DSN_FAILED, "5.1.1", "AAAABBBBCCCCDDDD", true, "550 5.1.1 learn more"},
	{"no-action", DSN_FAILED, "5.0.0", "", true, "550 Unknown user"},
	{"several", DSN_DELAYED, "4.2.2", "", false, ""},
	{"arrived", DSN_ARRIVED, "2.0.0", "", true, ""},
	{"out-of-office", DSN_AUTOMATIC, "", "", false, ""},
	{"receipt", DSN_AUTOMATIC, "", "", false, ""},
	{"qmail", DSN_NONE, "", "", false, ""},
	{"complaint", DSN_NONE, "", "", false, ""},
	{"answer", DSN_NONE, "", "", false, ""},
};

static void check_sample(int i, const struct buf *text)
{
	struct dsn dsn;

	dsn_read(text->data, text->length, back, &dsn);
	ck_assert_int_eq(dsn.kind, samples[i].kind);
	ck_assert_int_eq(dsn.attempt, 812);
	ck_assert_str_eq(dsn.status, samples[i].status);
	ck_assert_str_eq(dsn.proof, samples[i].proof);
	ck_assert_int_eq(dsn_is_about(&dsn, "taro@example.com"), samples[i].about);
	ck_assert(!dsn_is_about(&dsn, "taro@example.co"));
	ck_assert(!dsn_is_about(&dsn, ""));
	ck_assert_ptr_nonnull(strstr(buf_text(&dsn.words), samples[i].words));
	dsn_free(&dsn);
}

START_TEST(each_system_is_understood)
{
	struct buf text = {0}, lines = {0};

	read_file(samples[_i].name, &text);
	check_sample(_i, &text);
	/* with the other line ends, and behind an mbox line */
	buf_format(&lines, "From MAILER-DAEMON Sat Nov 21 13:05:07 2026\r\n");
	for (size_t i = 0; i < text.length; i++)
		if (text.data[i] == '\n' && lines.data[lines.length - 1] != '\r')
			buf_add(&lines, "\r\n", 2);
		else
			buf_char(&lines, text.data[i]);
	check_sample(_i, &lines);
	buf_free(&text);
	buf_free(&lines);
}
END_TEST

START_TEST(cut_anywhere_it_does_no_harm)
{
	struct buf text = {0};
	struct dsn dsn;

	read_file(samples[_i].name, &text);
	for (size_t length = 0; length < text.length; length++) {
		char *part = mem_copy(text.data, length);
		dsn_read(part, length, back, &dsn);
		if (dsn.kind == DSN_NONE)
			ck_assert_ptr_nonnull(dsn.reason);
		dsn_free(&dsn);
		free(part);
	}
	buf_free(&text);
}
END_TEST

START_TEST(the_address_names_the_attempt)
{
	static const struct {
		const char *text;
		int64_t attempt;
	} cases[] = {
		{"bounce+812@bounces.example.jp", 812},
		{"Taro <x@y>, \"b\" <Bounce+7@BOUNCES.example.JP>", 7},
		{"bounce+812@bounces.example.jp.", 812},
		{"bounce+812@bounces.example.jp.evil.example", 0},
		{"bounce+812@bounces.example.jpx", 0},
		{"xbounce+812@bounces.example.jp", 0},
		{"x.bounce+812@bounces.example.jp", 0},
		{"bounce@bounces.example.jp", 0},
		{"bounce+@bounces.example.jp", 0},
		{"bounce+0@bounces.example.jp", 0},
		{"bounce+-1@bounces.example.jp", 0},
		{"bounce+1x@bounces.example.jp", 0},
		{"bounce+9999999999999999999@bounces.example.jp", 0},
		{"bounce+0 bounce+3@bounces.example.jp", 3},
		{"", 0},
	};

	for (size_t i = 0; i < LENGTH(cases); i++)
		ck_assert_int_eq(dsn_attempt(cases[i].text, back), cases[i].attempt);
	ck_assert_int_eq(dsn_attempt("a+1@b", "no address"), 0);
}
END_TEST

START_TEST(hostile_ones_are_refused)
{
	struct buf text = {0};
	struct dsn dsn;

	dsn_read(NULL, 0, back, &dsn);
	ck_assert_int_eq(dsn.kind, DSN_NONE);
	dsn_free(&dsn);

	/* multiparts within multiparts, as deep as it gets */
	for (int i = 0; i < 3000; i++)
		buf_format(&text, "Content-Type: multipart/report; boundary=b%d\n\n--b%d\n", i, i);
	dsn_read(text.data, text.length, back, &dsn);
	ck_assert_int_eq(dsn.kind, DSN_NONE);
	dsn_free(&dsn);
	buf_clear(&text);

	while (text.length <= DSN_MOST)
		buf_format(&text, "X-%zu: %0100d\n", text.length, 0);
	dsn_read(text.data, text.length, back, &dsn);
	ck_assert_int_eq(dsn.kind, DSN_NONE);
	ck_assert_ptr_nonnull(strstr(dsn.reason, "4 MiB"));
	dsn_free(&dsn);
	buf_free(&text);
}
END_TEST

static void note(int group, const char *name, const char *value, void *arg)
{
	buf_format(arg, "%d[%s][%s]", group, name, value);
}

START_TEST(fields_as_they_stand)
{
	static const struct {
		const char *text, *fields;
	} cases[] = {
		{"A: b\nC:d\n", "0[A][b]0[C][d]"},
		{"\n\nA: b\n\n\nC: d", "0[A][b]1[C][d]"},
		{"A : b  \r\n\tc\r\n", "0[A][b  \tc]"},
		{": x\nno field\nA:\n", "0[A][]"},
		{"A: \xff\x01z\n", "0[A][\?\?z]"},
		{"  goes on from nothing\nA: b", "0[A][b]"},
		{"", ""},
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct buf seen = {0};
		fields_each(cases[i].text, strlen(cases[i].text), note, &seen);
		ck_assert_str_eq(buf_text(&seen), cases[i].fields);
		buf_free(&seen);
	}
}
END_TEST

START_TEST(only_who_saw_the_mail_knows_its_proof)
{
	char proof[PROOF_LENGTH + 1], other[PROOF_LENGTH + 1];

	proof_make("AQAAAAEAAAABc2VjcmV0LXRhZw-_", 812, proof);
	ck_assert(proof_check("AQAAAAEAAAABc2VjcmV0LXRhZw-_", 812, proof));
	ck_assert(!proof_check("AQAAAAEAAAABc2VjcmV0LXRhZw-_", 813, proof));
	ck_assert(!proof_check("AQAAAAEAAAACc2VjcmV0LXRhZw-_", 812, proof));
	ck_assert(!proof_check("AQAAAAEAAAABc2VjcmV0LXRhZw-_", 812, ""));
	memcpy(other, proof, sizeof other);
	other[0] = other[0] == 'A' ? 'B' : 'A';
	ck_assert(!proof_check("AQAAAAEAAAABc2VjcmV0LXRhZw-_", 812, other));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bounce");
	TCase *t = tcase_create("bounce");

	tcase_add_loop_test(t, each_system_is_understood, 0, (int)LENGTH(samples));
	tcase_add_loop_test(t, cut_anywhere_it_does_no_harm, 0, (int)LENGTH(samples));
	tcase_add_test(t, the_address_names_the_attempt);
	tcase_add_test(t, hostile_ones_are_refused);
	tcase_add_test(t, fields_as_they_stand);
	tcase_add_test(t, only_who_saw_the_mail_knows_its_proof);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
