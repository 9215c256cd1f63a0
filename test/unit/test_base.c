/*
 * What everything stands on: the buffer, memory, the clock, the log with its masks.
 */

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "test/unit/run.h"

#include <check.h>
#include <signal.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Under AddressSanitizer too, memory that cannot be had is NULL and not yet the end. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* buf */

START_TEST(an_empty_buffer_is_an_empty_text)
{
	struct buf b = {0};

	ck_assert_str_eq(buf_text(&b), "");
	buf_clear(&b);
	buf_add(&b, NULL, 0);
	ck_assert_str_eq(buf_text(&b), "");
	char *taken = buf_take(&b);
	ck_assert_str_eq(taken, "");
	free(taken);
	buf_free(&b);
}
END_TEST

START_TEST(a_buffer_grows_and_stays_terminated)
{
	struct buf b = {0};

	for (int i = 0; i < 100000; i++) {
		buf_char(&b, (char)('a' + i % 26));
		if (b.data[b.length] != '\0')
			ck_abort_msg("not terminated at %d", i);
	}
	ck_assert_uint_eq(b.length, 100000);
	ck_assert_int_eq(b.data[99999], 'a' + 99999 % 26);
	buf_free(&b);
}
END_TEST

START_TEST(a_buffer_formats_behind_what_is_there)
{
	struct buf b = {0};

	buf_text_add(&b, "x=");
	buf_format(&b, "%d", 42);
	buf_format(&b, "%s", "");
	buf_format(&b, " %s", "点呼");
	ck_assert_str_eq(buf_text(&b), "x=42 点呼");
	char *long_text = mem_alloc(70001);
	memset(long_text, 'y', 70000);
	buf_clear(&b);
	buf_format(&b, "%s.", long_text);
	ck_assert_uint_eq(b.length, 70001);
	ck_assert_int_eq(b.data[70000], '.');
	free(long_text);
	buf_free(&b);
}
END_TEST

/* Also where the text fits to the last byte, or does not by one. */
START_TEST(a_buffer_formats_texts_of_every_length)
{
	for (int length = 0; length < 300; length++) {
		struct buf b = {0};
		buf_format(&b, "%*s", length, "");
		buf_format(&b, "%d", 7);
		ck_assert_uint_eq(b.length, (size_t)length + 1);
		ck_assert_uint_eq(strlen(buf_text(&b)), b.length);
		ck_assert_int_eq(b.data[length], '7');
		buf_free(&b);
	}
}
END_TEST

START_TEST(a_buffer_takes_numbers)
{
	static const int64_t numbers[] = {0, 7, 10, -1, 1234567890123, INT64_MAX, INT64_MIN};
	char right[32];

	for (size_t i = 0; i < LENGTH(numbers); i++) {
		struct buf b = {0};
		buf_number(&b, numbers[i]);
		snprintf(right, sizeof right, "%" PRId64, numbers[i]);
		ck_assert_str_eq(buf_text(&b), right);
		buf_free(&b);
	}
}
END_TEST

START_TEST(a_buffer_holds_bytes_of_any_kind)
{
	struct buf b = {0};

	buf_add(&b, "a\0b", 3);
	ck_assert_uint_eq(b.length, 3);
	ck_assert_mem_eq(b.data, "a\0b\0", 4);
	buf_free(&b);
	ck_assert_ptr_null(b.data);
}
END_TEST

START_TEST(a_taken_text_leaves_the_buffer_empty)
{
	struct buf b = {0};

	buf_text_add(&b, "taken");
	char *taken = buf_take(&b);
	ck_assert_str_eq(taken, "taken");
	ck_assert_str_eq(buf_text(&b), "");
	buf_text_add(&b, "again");
	ck_assert_str_eq(buf_text(&b), "again");
	free(taken);
	buf_free(&b);
}
END_TEST

/* mem */

START_TEST(copies_are_whole)
{
	char *copy = mem_copy("abc", 2), *empty = mem_copy(NULL, 0);
	char *formatted = mem_format("%s-%d", "mail", 3);

	ck_assert_str_eq(copy, "ab");
	ck_assert_str_eq(empty, "");
	ck_assert_str_eq(formatted, "mail-3");
	free(copy);
	free(empty);
	free(formatted);
}
END_TEST

START_TEST(memory_that_cannot_be_had_is_fatal)
{
	/* Its product does not fit into a size: must not wrap around to a small block. */
	volatile size_t many = SIZE_MAX / 2;
	free(mem_resize(NULL, many, 16));
}
END_TEST

/* clock */

static int64_t told;

static int64_t tell(void)
{
	return told;
}

START_TEST(the_clock_can_be_replaced)
{
	static const struct clock_source mine = {.utc = tell, .monotonic = tell};

	told = 1234;
	clock_replace(&mine);
	ck_assert_int_eq(clock_utc(), 1234);
	ck_assert_int_eq(clock_monotonic(), 1234);
	clock_replace(NULL);
	ck_assert_int_gt(clock_utc(), INT64_C(1600000000000));
}
END_TEST

START_TEST(the_monotonic_clock_does_not_go_back)
{
	int64_t before = clock_monotonic();

	for (int i = 0; i < 100000; i++) {
		int64_t now = clock_monotonic();
		if (now < before)
			ck_abort_msg("back by %lld ms", (long long)(before - now));
		before = now;
	}
}
END_TEST

START_TEST(moments_are_written_in_utc_and_shown_in_the_local_zone)
{
	char text[CLOCK_TEXT];
	/* 2011-03-11 14:46:18 in Japan */
	int64_t moment = INT64_C(1299822378123);

	setenv("TZ", "Asia/Tokyo", 1);
	ck_assert_str_eq(clock_utc_text(moment, text), "2011-03-11T05:46:18.123Z");
	ck_assert_str_eq(clock_local_text(moment, text), "2011-03-11 14:46:18");
	ck_assert_str_eq(clock_utc_text(0, text), "1970-01-01T00:00:00.000Z");
	ck_assert_str_eq(clock_utc_text(INT64_C(4102444799999), text), "2099-12-31T23:59:59.999Z");
}
END_TEST

/* log */

/* What was written to the standard error stream while `speak` ran. */
static char *heard(void (*speak)(void))
{
	static char text[128 * 1024];
	int file = memfd_create("heard", 0), before = dup(STDERR_FILENO);

	ck_assert_int_ge(file, 0);
	dup2(file, STDERR_FILENO);
	speak();
	dup2(before, STDERR_FILENO);
	close(before);
	ssize_t length = pread(file, text, sizeof text - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	close(file);
	return text;
}

static void speak_one(void)
{
	log_info("attempt.queued", "attempt=%d broadcast=%d", 9, 1);
}

START_TEST(a_log_line_has_time_level_process_event_and_pairs)
{
	static const struct clock_source still = {.utc = tell, .monotonic = tell};
	char expected[256];

	told = INT64_C(1299822378123);
	clock_replace(&still);
	log_open("scheduler", LOG_LEVEL_INFO, false);
	snprintf(
		expected, sizeof expected,
		"2011-03-11T05:46:18.123Z info scheduler[%d] attempt.queued attempt=9 broadcast=1\n",
		(int)getpid());
	ck_assert_str_eq(heard(speak_one), expected);
}
END_TEST

static void speak_at_every_level(void)
{
	log_debug("a.debug", NULL);
	log_info("a.info", NULL);
	log_warning("a.warning", NULL);
	log_error("a.error", NULL);
}

START_TEST(lines_below_the_level_are_not_written)
{
	log_open("test", LOG_LEVEL_WARNING, false);
	const char *text = heard(speak_at_every_level);
	ck_assert_ptr_null(strstr(text, "a.debug"));
	ck_assert_ptr_null(strstr(text, "a.info"));
	ck_assert_ptr_nonnull(strstr(text, "a.warning\n"));
	ck_assert_ptr_nonnull(strstr(text, "a.error\n"));
	log_level_set(LOG_LEVEL_DEBUG, false);
	ck_assert_ptr_nonnull(strstr(heard(speak_at_every_level), "a.debug\n"));
}
END_TEST

static void speak_too_long(void)
{
	static char text[5000];

	memset(text, 'z', sizeof text - 1);
	log_info("a.long", "text=%s", text);
}

START_TEST(a_line_that_is_too_long_is_cut_and_stays_one_line)
{
	log_open("test", LOG_LEVEL_INFO, false);
	const char *text = heard(speak_too_long);
	ck_assert_uint_eq(strlen(text), 2047);
	ck_assert_ptr_eq(strchr(text, '\n'), text + 2046);
}
END_TEST

static void speak_while_holding(void)
{
	struct stat before, after;

	fstat(STDERR_FILENO, &before);
	log_hold();
	log_hold();
	log_info("a.first", NULL);
	log_release();
	log_info("a.second", NULL);
	fstat(STDERR_FILENO, &after);
	ck_assert_int_eq(before.st_size, after.st_size);
	log_warning("a.third", NULL);
	fstat(STDERR_FILENO, &after);
	ck_assert_int_gt(after.st_size, before.st_size);
	log_info("a.fourth", NULL);
	log_release();
}

START_TEST(held_lines_are_written_together_and_none_is_lost)
{
	log_open("test", LOG_LEVEL_INFO, false);
	const char *text = heard(speak_while_holding);
	const char *first = strstr(text, "a.first\n"), *second = strstr(text, "a.second\n");
	const char *third = strstr(text, "a.third\n"), *fourth = strstr(text, "a.fourth\n");
	ck_assert(first && first < second && second < third && third < fourth);
}
END_TEST

static void speak_a_thousand_times(void)
{
	log_hold();
	for (int i = 0; i < 1000; i++)
		log_info("a.line", "number=%d", i);
	log_release();
}

START_TEST(more_lines_than_are_held_come_whole_and_in_order)
{
	char expected[32];

	log_open("test", LOG_LEVEL_INFO, false);
	const char *at = heard(speak_a_thousand_times);
	for (int i = 0; i < 1000; i++) {
		snprintf(expected, sizeof expected, "a.line number=%d\n", i);
		at = strstr(at, expected);
		ck_assert_ptr_nonnull(at);
	}
}
END_TEST

static void speak_of_ids(void)
{
	const struct log_id ids[] = {
		{"attempt", NULL, INT64_MIN}, {"channel", "mail", 0}, {"try", NULL, 0}};

	log_ids("attempt.queued", ids, LENGTH(ids));
	log_ids("attempt.queued", ids, 1);
}

START_TEST(a_line_of_ids_is_one_like_any_other)
{
	static const struct clock_source still = {.utc = tell, .monotonic = tell};
	char expected[512];

	told = INT64_C(1299822378007);
	clock_replace(&still);
	log_open("test", LOG_LEVEL_INFO, false);
	snprintf(expected, sizeof expected,
		 "2011-03-11T05:46:18.007Z info test[%d] attempt.queued"
		 " attempt=-9223372036854775808 channel=mail try=0\n"
		 "2011-03-11T05:46:18.007Z info test[%d] attempt.queued"
		 " attempt=-9223372036854775808\n",
		 (int)getpid(), (int)getpid());
	ck_assert_str_eq(heard(speak_of_ids), expected);
}
END_TEST

START_TEST(text_from_outside_is_quoted)
{
	ck_assert_str_eq(log_quote("plain 点呼"), "\"plain 点呼\"");
	ck_assert_str_eq(log_quote("a\"b\\c"), "\"a\\\"b\\\\c\"");
	ck_assert_str_eq(log_quote("line\r\nevent=forged\x7f"),
			 "\"line\\x0d\\x0aevent=forged\\x7f\"");
	ck_assert_str_eq(log_quote(""), "\"\"");
	ck_assert_str_eq(log_quote(NULL), "\"\"");
}
END_TEST

START_TEST(a_quoted_text_is_cut_and_closed)
{
	char text[1000];

	memset(text, '\x01', sizeof text - 1); /* each grows to four */
	text[sizeof text - 1] = '\0';
	const char *quoted = log_quote(text);
	ck_assert_uint_lt(strlen(quoted), 256);
	ck_assert_int_eq(quoted[strlen(quoted) - 1], '"');
}
END_TEST

START_TEST(eight_quoted_texts_live_at_one_time)
{
	const char *quoted[8];
	char text[2] = "a";

	for (int i = 0; i < 8; i++) {
		text[0] = (char)('a' + i);
		quoted[i] = log_quote(text);
	}
	ck_assert_str_eq(quoted[0], "\"a\"");
	ck_assert_str_eq(quoted[7], "\"h\"");
}
END_TEST

START_TEST(addresses_are_masked)
{
	log_open("test", LOG_LEVEL_INFO, false);
	ck_assert_str_eq(log_address("user@example.com"), "\"u***@example.com\"");
	ck_assert_str_eq(log_address("@example.com"), "\"***@example.com\"");
	ck_assert_str_eq(log_address("\"a@b\"@example.com"), "\"\\\"***@example.com\"");
	ck_assert_str_eq(log_address("09012340001"), "\"*******0001\"");
	ck_assert_str_eq(log_address("12345678"), "\"*******\"");
	ck_assert_str_eq(log_address(""), "\"*******\"");
	ck_assert_ptr_null(strchr(log_address("a@b.example\r\nx"), '\n'));
}
END_TEST

START_TEST(addresses_in_full_where_it_is_allowed)
{
	log_open("test", LOG_LEVEL_INFO, true);
	ck_assert_str_eq(log_address("user@example.com"), "\"user@example.com\"");
	ck_assert_str_eq(log_address("09012340001"), "\"09012340001\"");
}
END_TEST

static void check_masked(const char *text, size_t most, const char *expected)
{
	char *masked = log_masked(text, most);

	ck_assert_str_eq(masked, expected);
	free(masked);
}

START_TEST(addresses_in_the_words_of_others_are_masked)
{
	log_open("test", LOG_LEVEL_INFO, false);
	check_masked("550 5.1.1 <taro.yamada@example.jp>: unknown", 200,
		     "550 5.1.1 <t**********@example.jp>: unknown");
	check_masked("a@b and cd@e", 200, "a@b and c*@e");
	check_masked("call to +819012345678 failed", 200, "call to +**********78 failed");
	check_masked("code 123456, 450 4.7.1", 200, "code 123456, 450 4.7.1");
	check_masked("two\r\nlines\x7f", 200, "two  lines ");
	check_masked("", 200, "");
}
END_TEST

START_TEST(the_words_of_others_are_cut_between_characters)
{
	log_open("test", LOG_LEVEL_INFO, false);
	check_masked("点呼", 6, "点呼");
	check_masked("点呼", 5, "点");
	check_masked("点呼", 2, "");
	check_masked("点呼", 0, "");
}
END_TEST

static TCase *buffers(void)
{
	TCase *t = tcase_create("buffers and memory");

	tcase_add_test(t, an_empty_buffer_is_an_empty_text);
	tcase_add_test(t, a_buffer_grows_and_stays_terminated);
	tcase_add_test(t, a_buffer_formats_behind_what_is_there);
	tcase_add_test(t, a_buffer_formats_texts_of_every_length);
	tcase_add_test(t, a_buffer_takes_numbers);
	tcase_add_test(t, a_buffer_holds_bytes_of_any_kind);
	tcase_add_test(t, a_taken_text_leaves_the_buffer_empty);
	tcase_add_test(t, copies_are_whole);
	tcase_add_test_raise_signal(t, memory_that_cannot_be_had_is_fatal, SIGABRT);
	return t;
}

static TCase *clocks_and_logs(void)
{
	TCase *t = tcase_create("clock and log");

	tcase_add_test(t, the_clock_can_be_replaced);
	tcase_add_test(t, the_monotonic_clock_does_not_go_back);
	tcase_add_test(t, moments_are_written_in_utc_and_shown_in_the_local_zone);
	tcase_add_test(t, a_log_line_has_time_level_process_event_and_pairs);
	tcase_add_test(t, lines_below_the_level_are_not_written);
	tcase_add_test(t, a_line_that_is_too_long_is_cut_and_stays_one_line);
	tcase_add_test(t, held_lines_are_written_together_and_none_is_lost);
	tcase_add_test(t, more_lines_than_are_held_come_whole_and_in_order);
	tcase_add_test(t, a_line_of_ids_is_one_like_any_other);
	tcase_add_test(t, text_from_outside_is_quoted);
	tcase_add_test(t, a_quoted_text_is_cut_and_closed);
	tcase_add_test(t, eight_quoted_texts_live_at_one_time);
	tcase_add_test(t, addresses_are_masked);
	tcase_add_test(t, addresses_in_full_where_it_is_allowed);
	tcase_add_test(t, addresses_in_the_words_of_others_are_masked);
	tcase_add_test(t, the_words_of_others_are_cut_between_characters);
	return t;
}

int main(void)
{
	Suite *suite = suite_create("base");

	suite_add_tcase(suite, buffers());
	suite_add_tcase(suite, clocks_and_logs());
	return run_suite(suite);
}
