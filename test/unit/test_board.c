/* Boards as another process reads them, whole or not at all; histograms; the text for Prometheus. */

#include "common/base/board.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/text/exposition.h"
#include "test/unit/run.h"

#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* boards */

enum { VERSION = 3, WORDS = 1500 };

struct content {
	int64_t word[WORDS];
};

static char folder[] = "/tmp/tkboardXXXXXX", path[64];

static void open_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/board", folder);
}

static void close_folder(void)
{
	unlink(path);
	rmdir(folder);
	clock_replace(NULL);
	memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
}

static int64_t now_is;

static int64_t told_time(void)
{
	return now_is;
}

static void set_clock(int64_t ms)
{
	static const struct clock_source source = {.utc = told_time, .monotonic = told_time};

	now_is = ms;
	clock_replace(&source);
}

static void post(int64_t value)
{
	struct board *board = board_open(path, VERSION, sizeof(struct content));
	struct content content;

	ck_assert_ptr_nonnull(board);
	for (size_t i = 0; i < WORDS; i++)
		content.word[i] = value;
	ck_assert(board_post(board, &content));
	board_close(board);
}

static enum board_state look(struct content *content, int64_t *age)
{
	memset(content, 0xff, sizeof *content);
	return board_read(path, VERSION, content, sizeof *content, age);
}

START_TEST(what_is_posted_is_read)
{
	struct content content;
	struct stat about;
	int64_t age;

	set_clock(5000);
	post(7);
	set_clock(5250);
	ck_assert_int_eq(look(&content, &age), BOARD_FRESH);
	ck_assert_int_eq(age, 250);
	ck_assert_int_eq(content.word[0], 7);
	ck_assert_int_eq(content.word[WORDS - 1], 7);
	ck_assert_int_eq(stat(path, &about), 0);
	ck_assert_uint_eq(about.st_mode & 0777, 0600);
}
END_TEST

START_TEST(what_is_old_is_stale)
{
	struct content content;
	int64_t age;

	set_clock(5000);
	post(7);
	set_clock(5000 + BOARD_STALE_MS);
	ck_assert_int_eq(look(&content, &age), BOARD_FRESH);
	set_clock(5001 + BOARD_STALE_MS);
	ck_assert_int_eq(look(&content, &age), BOARD_STALE);
	ck_assert_int_eq(content.word[1], 7);
	set_clock(4999); /* the machine was started anew */
	ck_assert_int_eq(look(&content, &age), BOARD_STALE);
	ck_assert_int_gt(age, BOARD_STALE_MS);
}
END_TEST

static void spoil(off_t at, const void *bytes, size_t length)
{
	int fd = open(path, O_WRONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, bytes, length, at), (ssize_t)length);
	close(fd);
}

static void none(void)
{
	struct content content;
	int64_t age;

	ck_assert_int_eq(look(&content, &age), BOARD_NONE);
	for (size_t i = 0; i < WORDS; i++)
		ck_assert_int_eq(content.word[i], 0);
}

/* Byte by byte: whatever was changed, it is not taken for what was posted. */
START_TEST(what_is_not_whole_is_not_there)
{
	struct content content;
	struct stat about;
	int64_t age;

	none();
	post(7);
	ck_assert_int_eq(stat(path, &about), 0);
	for (off_t at = 0; at < about.st_size; at += at < 64 ? 1 : 997) {
		post(7);
		int fd = open(path, O_RDONLY);
		unsigned char byte;
		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		close(fd);
		byte ^= 0x40;
		spoil(at, &byte, 1);
		if (look(&content, &age) != BOARD_NONE)
			ck_abort_msg("byte %d may be anything", (int)at);
	}
	post(7);
	ck_assert_int_eq(truncate(path, about.st_size - 1), 0);
	none();
	ck_assert_int_eq(truncate(path, 0), 0);
	none();
	post(8);
	ck_assert_int_eq(look(&content, &age), BOARD_FRESH);
	ck_assert_int_eq(board_read(path, VERSION + 1, &content, sizeof content, &age), BOARD_NONE);
	ck_assert_int_eq(board_read(path, VERSION, &content, sizeof content - 8, &age), BOARD_NONE);
}
END_TEST

/* Neither waits for a writer that never comes, nor follows a link to somewhere else. */
START_TEST(what_is_no_file_is_not_there)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	none();
	unlink(path);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	none();
	ck_assert_ptr_null(board_open(path, VERSION, sizeof(struct content)));
}
END_TEST

static atomic_bool over;

static void *read_all_the_time(void *arg)
{
	struct content content;
	int64_t age, newest = 0, *reads = arg;

	/* Once more when nobody writes any longer, so that there is one at least. */
	for (bool last = false; !last;) {
		last = atomic_load(&over);
		if (look(&content, &age) == BOARD_NONE)
			continue; /* written to in all three tries */
		for (size_t i = 1; i < WORDS; i++)
			if (content.word[i] != content.word[0])
				return NULL; /* *reads stays 0 */
		if (content.word[0] < newest)
			return NULL;
		newest = content.word[0];
		++*reads;
	}
	return arg;
}

START_TEST(a_reader_never_sees_half_of_it)
{
	struct board *board = board_open(path, VERSION, sizeof(struct content));
	struct content content;
	int64_t reads = 0;
	pthread_t reader;
	void *sound;

	atomic_store(&over, false);
	ck_assert_int_eq(pthread_create(&reader, NULL, read_all_the_time, &reads), 0);
	for (int64_t n = 1; n <= 500; n++) {
		for (size_t i = 0; i < WORDS; i++)
			content.word[i] = n;
		ck_assert(board_post(board, &content));
	}
	atomic_store(&over, true);
	ck_assert_int_eq(pthread_join(reader, &sound), 0);
	ck_assert_ptr_nonnull(sound);
	ck_assert_int_gt(reads, 0);
	board_close(board);
}
END_TEST

/* histograms */

START_TEST(each_counts_in_its_step)
{
	struct histogram h = {0};

	for (int step = 0; step < HISTOGRAM_STEPS; step++) {
		ck_assert(step == 0 || histogram_limit(step) > histogram_limit(step - 1));
		histogram_add(&h, histogram_limit(step));
		ck_assert_int_eq(histogram_up_to(&h, step), step + 1);
	}
	ck_assert_int_eq(histogram_up_to(&h, HISTOGRAM_STEPS), HISTOGRAM_STEPS);
	histogram_add(&h, histogram_limit(0) + 1);
	ck_assert_int_eq(histogram_up_to(&h, 0), 1);
	ck_assert_int_eq(histogram_up_to(&h, 1), 3);
	int64_t sum = h.sum;
	histogram_add(&h, INT32_MAX);
	ck_assert_int_eq(h.count[HISTOGRAM_STEPS], 1);
	ck_assert_int_eq(h.sum, sum + INT32_MAX);
	histogram_add(&h, -5);
	ck_assert_int_eq(histogram_up_to(&h, 0), 2);
	ck_assert_int_eq(h.sum, sum + INT32_MAX);
}
END_TEST

/* the text */

START_TEST(the_text_is_as_the_format_wants_it)
{
	struct histogram h = {0};
	struct buf out = {0};
	const struct label labels[] = {{"a", "x"}, {"b", "1 \"\\\n\xff\xe3\x81\x82"}, {NULL, NULL}};

	exposition_head(&out, "m", "gauge", "What it is.");
	exposition_number(&out, "m", NULL, INT64_MIN);
	exposition_number(&out, "m", labels, 7);
	exposition_seconds(&out, "m", NULL, 1234005);
	exposition_seconds(&out, "m", NULL, -5);
	exposition_never(&out, "m", labels + 2);
	ck_assert_str_eq(buf_text(&out), "# HELP m What it is.\n# TYPE m gauge\n"
					 "m -9223372036854775808\n"
					 "m{a=\"x\",b=\"1 \\\"\\\\\\n?\xe3\x81\x82\"} 7\n"
					 "m 1234.005\nm -0.005\nm +Inf\n");
	buf_clear(&out);
	histogram_add(&h, 2);
	histogram_add(&h, 20000);
	exposition_histogram(&out, "h", &h);
	ck_assert_ptr_nonnull(
		strstr(buf_text(&out), "h_bucket{le=\"0.001\"} 0\nh_bucket{le=\"0.002\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(buf_text(&out),
				     "h_bucket{le=\"10\"} 1\nh_bucket{le=\"+Inf\"} 2\n"
				     "h_sum 20.002\nh_count 2\n"));
	buf_free(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("board");
	TCase *boards = tcase_create("boards"), *texts = tcase_create("texts");

	tcase_add_checked_fixture(boards, open_folder, close_folder);
	tcase_add_test(boards, what_is_posted_is_read);
	tcase_add_test(boards, what_is_old_is_stale);
	tcase_add_test(boards, what_is_not_whole_is_not_there);
	tcase_add_test(boards, what_is_no_file_is_not_there);
	tcase_add_test(boards, a_reader_never_sees_half_of_it);
	tcase_add_test(texts, each_counts_in_its_step);
	tcase_add_test(texts, the_text_is_as_the_format_wants_it);
	suite_add_tcase(suite, boards);
	suite_add_tcase(suite, texts);
	return run_suite(suite);
}
