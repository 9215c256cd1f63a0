#include "common/queue/result.h"

#include "common/base/mem.h"
#include "common/queue/job.h"
#include "common/queue/wire.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static char worker[] = "mail-1@host", detail[] = "250 2.0.0 queued 髙", empty[] = "",
	    gone[] = "3 4", reference[] = "CA1";

static const struct result delivered = {
	.outcome = OUTCOME_DELIVERED,
	.attempt = 812,
	.started = 1000,
	.finished = 2000,
	.worker = worker,
	.detail = detail,
};
static const struct result placed = {
	.outcome = OUTCOME_PLACED,
	.attempt = 813,
	.started = 1001,
	.finished = 2001,
	.worker = worker,
	.detail = empty,
	.gone = gone,
	.reference = reference,
};

/* What was read last. */
static struct result list[REPORT_MOST];
static size_t count;
static char *texts;
static const char *reason;

static bool reads(const struct buf *bytes, size_t length)
{
	/* A block of its own, so that a read beyond the end shows. */
	char *copy = mem_array(length ? length : 1, 1);

	memcpy(copy, bytes->data, length);
	bool read = report_decode(copy, length, list, &count, &texts, &reason);

	free(copy);
	return read;
}

static void refused(const struct buf *bytes, size_t length, const char *why)
{
	reason = NULL;
	ck_assert(!reads(bytes, length));
	ck_assert_str_eq(reason, why);
}

START_TEST(report_of_many_reads_back_the_same)
{
	struct result sent[REPORT_MOST];
	struct buf bytes = {0};

	for (int i = 0; i < REPORT_MOST; i++) {
		sent[i] = i % 2 ? placed : delivered;
		sent[i].attempt += i;
	}
	report_encode(sent, REPORT_MOST, &bytes);
	ck_assert(reads(&bytes, bytes.length));
	ck_assert_uint_eq(count, REPORT_MOST);
	for (int i = 0; i < REPORT_MOST; i++) {
		ck_assert(
			list[i].outcome == sent[i].outcome && list[i].attempt == sent[i].attempt &&
			list[i].started == sent[i].started && list[i].finished == sent[i].finished);
		ck_assert_str_eq(list[i].worker, worker);
		ck_assert_str_eq(list[i].detail, sent[i].detail);
		ck_assert_str_eq(list[i].gone, i % 2 ? gone : "");
		ck_assert_str_eq(list[i].reference, i % 2 ? reference : "");
	}
	free(texts);
	buf_free(&bytes);
}
END_TEST

START_TEST(report_of_another_length_is_refused)
{
	const struct result sent[] = {placed, delivered};
	struct buf bytes = {0};

	report_encode(sent, LENGTH(sent), &bytes);
	for (size_t length = 0; length < bytes.length; length++)
		refused(&bytes, length, "too short");
	buf_char(&bytes, '\0');
	refused(&bytes, bytes.length, "too long");
	buf_free(&bytes);
}
END_TEST

START_TEST(report_out_of_range_is_refused_by_name)
{
	const struct result sent[] = {delivered, placed};
	size_t number_at = 1 + 2 + strlen(worker), first = number_at + 2;
	struct buf bytes = {0};

	report_encode(sent, LENGTH(sent), &bytes);
	bytes.data[0] = 4;
	refused(&bytes, bytes.length, "unknown version");
	bytes.data[0] = 3;
	bytes.data[number_at + 1] = 0;
	refused(&bytes, bytes.length, "number of results out of range");
	bytes.data[number_at] = 2; /* 512 */
	refused(&bytes, bytes.length, "number of results out of range");
	bytes.data[number_at] = 0;
	bytes.data[number_at + 1] = 3;
	refused(&bytes, bytes.length, "too short");
	bytes.data[number_at + 1] = 1;
	refused(&bytes, bytes.length, "too long");
	bytes.data[number_at + 1] = 2;
	bytes.data[first] = OUTCOME_END;
	refused(&bytes, bytes.length, "unknown outcome");
	bytes.data[first] = OUTCOME_DELIVERED;
	bytes.data[first + 1] = (char)0x80;
	refused(&bytes, bytes.length, "an id is not positive");
	bytes.data[first + 1] = 0;
	*(char *)memmem(bytes.data, bytes.length, "queued", 6) = (char)0xff;
	refused(&bytes, bytes.length, "a text is not UTF-8");
	buf_free(&bytes);
}
END_TEST

static void put_one(struct buf *bytes, unsigned version)
{
	wire_put_u8(bytes, version);
	wire_put_u8(bytes, OUTCOME_PLACED);
	wire_put_i64(bytes, 812);
	wire_put_i64(bytes, 1000);
	wire_put_i64(bytes, 2000);
	wire_put_text(bytes, worker);
	wire_put_text(bytes, detail);
	if (version > 1) {
		wire_put_text(bytes, gone);
		wire_put_text(bytes, reference);
	}
}

/* What lies in the queue while the programs are exchanged for newer ones is not lost. */
START_TEST(older_versions_are_taken)
{
	for (unsigned version = 1; version <= 2; version++) {
		struct buf bytes = {0};
		put_one(&bytes, version);
		ck_assert(reads(&bytes, bytes.length));
		ck_assert_uint_eq(count, 1);
		ck_assert(list[0].outcome == OUTCOME_PLACED && list[0].attempt == 812 &&
			  list[0].started == 1000 && list[0].finished == 2000);
		ck_assert_str_eq(list[0].worker, worker);
		ck_assert_str_eq(list[0].detail, detail);
		if (version == 1) {
			ck_assert_ptr_null(list[0].gone);
			ck_assert_ptr_null(list[0].reference);
		} else {
			ck_assert_str_eq(list[0].gone, gone);
			ck_assert_str_eq(list[0].reference, reference);
		}
		free(texts);
		for (size_t length = 0; length < bytes.length; length++)
			refused(&bytes, length, "too short");
		buf_char(&bytes, '\0');
		refused(&bytes, bytes.length, "too long");
		buf_free(&bytes);
	}
}
END_TEST

START_TEST(long_detail_is_cut_between_characters)
{
	enum { CHARACTERS = 6000 };
	struct result sent = delivered;
	struct buf bytes = {0};

	sent.detail = mem_alloc(3 * CHARACTERS + 2);
	sent.detail[0] = 'x';
	for (int i = 0; i < CHARACTERS; i++)
		memcpy(sent.detail + 1 + 3 * i, "安", 3);
	report_encode(&sent, 1, &bytes);
	ck_assert(reads(&bytes, bytes.length));
	ck_assert_uint_eq(strlen(list[0].detail), JOB_TEXT_MOST);
	free(texts);
	free(sent.detail);
	buf_free(&bytes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("result");
	TCase *tests = tcase_create("result");

	tcase_add_test(tests, report_of_many_reads_back_the_same);
	tcase_add_test(tests, report_of_another_length_is_refused);
	tcase_add_test(tests, report_out_of_range_is_refused_by_name);
	tcase_add_test(tests, older_versions_are_taken);
	tcase_add_test(tests, long_detail_is_cut_between_characters);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
