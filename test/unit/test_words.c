/*
 * The words and numbers that are stored and sent: the vocabulary, the packed contact plan, UTF-8;
 * and the one byte by which a child tells the master that it serves.
 */

#include "common/base/plan.h"
#include "common/base/ready.h"
#include "common/base/utf8.h"
#include "common/base/vocabulary.h"
#include "test/unit/run.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* vocabulary */

START_TEST(words_and_numbers_agree)
{
	ck_assert_str_eq(channel_name(CHANNEL_MAIL), "mail");
	ck_assert_int_eq(channel_by_name("push"), CHANNEL_PUSH);
	ck_assert_int_eq(channel_by_name("mai"), CHANNEL_NONE);
	ck_assert_int_eq(channel_by_name(""), CHANNEL_NONE);
	ck_assert_str_eq(outcome_name(OUTCOME_ANSWERED_NO_INPUT), "answered_without_input");
	ck_assert_str_eq(reply_way_name(WAY_PROXY), "proxy");
	ck_assert_int_eq(kind_by_name("drill"), KIND_DRILL);
	ck_assert_str_eq(kind_name(KIND_SAFETY), "safety");
	ck_assert_str_eq(channel_name((enum channel)99), "");
	ck_assert_str_eq(outcome_name(OUTCOME_NONE), "");
	ck_assert_str_eq(outcome_phrase(OUTCOME_END), "");
}
END_TEST

START_TEST(the_stored_numbers_never_change)
{
	ck_assert_int_eq(CHANNEL_MAIL, 1);
	ck_assert_int_eq(CHANNEL_VOICE, 2);
	ck_assert_int_eq(CHANNEL_PUSH, 3);
	ck_assert_int_eq(OUTCOME_DELIVERED, 1);
	ck_assert_int_eq(OUTCOME_REFUSED, 6);
	ck_assert_int_eq(OUTCOME_REPLIED, 11);
	ck_assert_int_eq(WAY_WEB, 1);
	ck_assert_int_eq(WAY_PROXY, 6);
	ck_assert_int_eq(KIND_SAFETY, 1);
	ck_assert_int_eq(LANGUAGE_JA, 0);
	ck_assert_int_eq(LANGUAGE_EN, 1);
}
END_TEST

START_TEST(sets_of_channels)
{
	ck_assert_uint_eq(channels_by_names("mail"), 1u << CHANNEL_MAIL);
	ck_assert_uint_eq(channels_by_names("mail,voice,push"), CHANNELS_ALL);
	ck_assert_uint_eq(channels_by_names("mail,mail"), 1u << CHANNEL_MAIL);
	ck_assert_uint_eq(channels_by_names(""), 0);
	ck_assert_uint_eq(channels_by_names("mail,"), 0);
	ck_assert_uint_eq(channels_by_names(",mail"), 0);
	ck_assert_uint_eq(channels_by_names("mail,fax"), 0);
}
END_TEST

START_TEST(languages_by_name)
{
	enum language language = LANGUAGE_JA;

	ck_assert(language_by_name("en", &language));
	ck_assert_int_eq(language, LANGUAGE_EN);
	ck_assert(!language_by_name("fr", &language));
	ck_assert_int_eq(language, LANGUAGE_EN);
	ck_assert_str_eq(language_name(LANGUAGE_JA), "ja");
}
END_TEST

/* plan */

static const struct plan example = {
	.steps = 5,
	.step = {{CHANNEL_VOICE, 1, 1, 1},
		 {CHANNEL_MAIL, 2, 1, 3},
		 {CHANNEL_VOICE, 3, 2, 1},
		 {CHANNEL_VOICE, 4, 3, 1},
		 {CHANNEL_PUSH, 5, 1, 1}},
};

static void check_same(const struct plan *a, const struct plan *b)
{
	ck_assert_int_eq(a->steps, b->steps);
	for (int i = 0; i < a->steps; i++) {
		ck_assert_int_eq(a->step[i].channel, b->step[i].channel);
		ck_assert_int_eq(a->step[i].dial_order, b->step[i].dial_order);
		ck_assert_int_eq(a->step[i].position, b->step[i].position);
		ck_assert_int_eq(a->step[i].addresses, b->step[i].addresses);
	}
}

START_TEST(a_plan_comes_out_as_it_went_in)
{
	for (int steps = 0; steps <= PLAN_STEPS; steps++) {
		struct plan some = example;
		some.steps = steps;
		int64_t packed = plan_pack(&some);
		struct plan back = plan_unpack(packed);
		ck_assert_int_ge(packed, 0);
		check_same(&some, &back);
	}
}
END_TEST

START_TEST(bits_that_are_no_plan_give_no_steps)
{
	ck_assert_int_eq(plan_unpack(0).steps, 0);
	ck_assert_int_eq(plan_unpack(-1).steps, 0);
	ck_assert_int_eq(plan_unpack(INT64_MAX).steps, 0);
	ck_assert_int_eq(plan_unpack(1).steps, 0);                         /* no dial order */
	ck_assert_int_eq(plan_unpack(plan_pack(&example) << 10).steps, 0); /* a gap */
	for (int64_t bits = 1; bits < 1 << 20; bits++) {
		struct plan plan = plan_unpack(bits);
		if (plan.steps > 2 || (plan.steps && plan_pack(&plan) != bits))
			ck_abort_msg("bits %lld", (long long)bits);
	}
}
END_TEST

START_TEST(a_plan_is_restricted_to_channels)
{
	int64_t packed = plan_pack(&example);
	struct plan mail = plan_unpack(plan_restrict(packed, 1u << CHANNEL_MAIL));
	struct plan voice = plan_unpack(plan_restrict(packed, 1u << CHANNEL_VOICE));

	ck_assert_int_eq(mail.steps, 1);
	ck_assert_int_eq(mail.step[0].dial_order, 2);
	ck_assert_int_eq(mail.step[0].addresses, 3);
	ck_assert_int_eq(voice.steps, 3);
	ck_assert_int_eq(voice.step[2].position, 3);
	ck_assert_int_eq(plan_restrict(packed, 0), 0);
	ck_assert_int_eq(plan_restrict(packed, CHANNELS_ALL), packed);
}
END_TEST

START_TEST(a_plan_is_confined_to_one_place)
{
	int64_t packed = plan_pack(&example);
	struct plan mail = plan_unpack(plan_only(packed, 2)), third = plan_unpack(plan_only(packed, 3));

	ck_assert_int_eq(mail.steps, 1);
	ck_assert_int_eq(mail.step[0].channel, CHANNEL_MAIL);
	ck_assert_int_eq(mail.step[0].addresses, 3);
	ck_assert_int_eq(third.steps, 1);
	ck_assert_int_eq(third.step[0].channel, CHANNEL_VOICE);
	ck_assert_int_eq(third.step[0].dial_order, 3);
	ck_assert_int_eq(plan_only(packed, 6), 0);
	ck_assert_int_eq(plan_only(0, 1), 0);
}
END_TEST

/* utf8 */

START_TEST(sound_utf8)
{
	static const char *const sound[] = {
		"", "a", "点呼", "é", "߿", "ࠀ", "𠮷", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf",
	};

	for (size_t i = 0; i < LENGTH(sound); i++)
		ck_assert_msg(utf8_valid(sound[i], strlen(sound[i])), "%zu", i);
}
END_TEST

START_TEST(unsound_utf8)
{
	static const char *const unsound[] = {
		"\x80",             /* a continuation alone */
		"\xc3",             /* cut short */
		"\xe7\x82",         /* cut short */
		"\xc0\xaf",         /* overlong */
		"\xc1\xbf",         /* overlong */
		"\xe0\x9f\xbf",     /* overlong */
		"\xf0\x8f\xbf\xbf", /* overlong */
		"\xed\xa0\x80",     /* a surrogate */
		"\xed\xbf\xbf",     /* a surrogate */
		"\xf4\x90\x80\x80", /* above U+10FFFF */
		"\xf5\x80\x80\x80",
		"\xff",
		"\x93\x5f\x8c\xc4", /* Shift_JIS */
		"\xe7\x82x",
	};

	for (size_t i = 0; i < LENGTH(unsound); i++)
		ck_assert_msg(!utf8_valid(unsound[i], strlen(unsound[i])), "%zu", i);
	ck_assert(!utf8_valid("a\0b", 3));
}
END_TEST

START_TEST(every_character_decodes_to_itself)
{
	for (uint32_t c = 1; c <= 0x10ffff; c++) {
		unsigned char bytes[4];
		size_t size;
		uint32_t back = 0;
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		if (c < 0x80) {
			bytes[0] = (unsigned char)c;
			size = 1;
		} else if (c < 0x800) {
			bytes[0] = (unsigned char)(0xc0 | c >> 6);
			size = 2;
		} else if (c < 0x10000) {
			bytes[0] = (unsigned char)(0xe0 | c >> 12);
			size = 3;
		} else {
			bytes[0] = (unsigned char)(0xf0 | c >> 18);
			size = 4;
		}
		for (size_t i = 1; i < size; i++)
			bytes[i] = (unsigned char)(0x80 | (c >> 6 * (size - 1 - i) & 0x3f));
		if (utf8_decode(bytes, size, &back) != size || back != c)
			ck_abort_msg("U+%04X", c);
		if (utf8_decode(bytes, size - 1, &back) != 0)
			ck_abort_msg("U+%04X cut short", c);
	}
}
END_TEST

START_TEST(characters_bytes_and_columns)
{
	ck_assert_uint_eq(utf8_count("点呼ok"), 4);
	ck_assert_uint_eq(utf8_offset("点呼ok", 2), 6);
	ck_assert_uint_eq(utf8_offset("点呼ok", 0), 0);
	ck_assert_uint_eq(utf8_offset("点呼ok", 99), 8);
	ck_assert_uint_eq(utf8_columns("点呼ok"), 6);
	ck_assert_uint_eq(utf8_columns("ｱｲｳ"), 3);
	ck_assert_uint_eq(utf8_columns("か\u3099"), 2);
	ck_assert_uint_eq(utf8_columns(""), 0);
}
END_TEST

START_TEST(controls_are_found)
{
	ck_assert(!utf8_has_controls("点呼 ok", false));
	ck_assert(utf8_has_controls("a\nb", false));
	ck_assert(!utf8_has_controls("a\tb\r\n", true));
	ck_assert(utf8_has_controls("a\x1b[2J", true));
	ck_assert(utf8_has_controls("\x7f", true));
}
END_TEST

/* ready */

/* What the master reads after a child called ready_tell() with this variable. */
static ssize_t told_bytes(const char *value, int ends[2])
{
	char bytes[8];

	if (value)
		setenv(READY_VARIABLE, value, 1);
	ready_tell();
	ready_tell();
	ck_assert_ptr_null(getenv(READY_VARIABLE));
	ssize_t length = read(ends[0], bytes, sizeof bytes);
	return length < 0 ? -errno : length;
}

START_TEST(a_child_says_once_that_it_serves)
{
	int ends[2];
	char value[16];

	ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
	snprintf(value, sizeof value, "%d", ends[1]);
	ck_assert_int_eq(told_bytes(value, ends), 1);
	ck_assert_int_eq(fcntl(ends[1], F_GETFD), -1); /* closed */
}
END_TEST

START_TEST(a_stray_variable_is_left_alone)
{
	static const char *const stray[] = {NULL, "", "x", "2", "-1", "99999999999999999999", "7y"};
	int ends[2], null = open("/dev/null", O_RDWR);
	char no_pipe[16];

	ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
	for (size_t i = 0; i < LENGTH(stray); i++)
		ck_assert_int_eq(told_bytes(stray[i], ends), -EAGAIN);
	snprintf(no_pipe, sizeof no_pipe, "%d", null);
	ck_assert_int_eq(told_bytes(no_pipe, ends), -EAGAIN);
	ck_assert_int_ne(fcntl(null, F_GETFD), -1);
	close(null);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

static TCase *words_and_plans(void)
{
	TCase *t = tcase_create("vocabulary and plan");

	tcase_add_test(t, words_and_numbers_agree);
	tcase_add_test(t, the_stored_numbers_never_change);
	tcase_add_test(t, sets_of_channels);
	tcase_add_test(t, languages_by_name);
	tcase_add_test(t, a_plan_comes_out_as_it_went_in);
	tcase_add_test(t, bits_that_are_no_plan_give_no_steps);
	tcase_add_test(t, a_plan_is_restricted_to_channels);
	tcase_add_test(t, a_plan_is_confined_to_one_place);
	return t;
}

static TCase *texts(void)
{
	TCase *t = tcase_create("utf8 and ready");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, sound_utf8);
	tcase_add_test(t, unsound_utf8);
	tcase_add_test(t, every_character_decodes_to_itself);
	tcase_add_test(t, characters_bytes_and_columns);
	tcase_add_test(t, controls_are_found);
	tcase_add_test(t, a_child_says_once_that_it_serves);
	tcase_add_test(t, a_stray_variable_is_left_alone);
	return t;
}

int main(void)
{
	Suite *suite = suite_create("words");

	suite_add_tcase(suite, words_and_plans());
	suite_add_tcase(suite, texts());
	return run_suite(suite);
}
