#include "common/queue/job.h"

#include "common/base/mem.h"
#include "test/unit/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static char address[] = "a..b.@docomo.example.jp", name[] = "髙﨑 ①子", token[] = "AbCd-_0123";

static const struct job sample = {
	.channel = CHANNEL_MAIL,
	.language = LANGUAGE_EN,
	.dial_order = 2,
	.position = 3,
	.attempt_no = 1,
	.ordinal = 4000000000u,
	.attempt = INT64_C(1) << 40,
	.broadcast = 7,
	.person = 9,
	.address = address,
	.name = name,
	.token = token,
};

START_TEST(job_reads_back_the_same)
{
	struct buf bytes = {0};
	struct job job;
	const char *reason;

	job_encode(&sample, &bytes);
	ck_assert(job_decode(bytes.data, bytes.length, &job, &reason));
	ck_assert_int_eq(job.channel, sample.channel);
	ck_assert_int_eq(job.language, sample.language);
	ck_assert_int_eq(job.dial_order, 2);
	ck_assert_int_eq(job.position, 3);
	ck_assert_int_eq(job.attempt_no, 1);
	ck_assert_uint_eq(job.ordinal, sample.ordinal);
	ck_assert(job.attempt == sample.attempt && job.broadcast == 7 && job.person == 9);
	ck_assert_str_eq(job.address, address);
	ck_assert_str_eq(job.name, name);
	ck_assert_str_eq(job.token, token);
	job_free(&job);
	buf_free(&bytes);
}
END_TEST

/* With words of its own it is of version 2; else of version 1, which older workers know. */
START_TEST(job_with_its_own_words_reads_back_the_same)
{
	static char title[] = "花子さんの安否", body[] = "無事です\n", none[] = "";
	struct job with = sample, job;
	struct buf plain = {0}, bytes = {0};
	const char *reason;

	with.person = -4;
	with.token = none;
	with.title = title;
	with.body = body;
	job_encode(&sample, &plain);
	job_encode(&with, &bytes);
	ck_assert_int_eq(plain.data[0], 1);
	ck_assert_int_eq(bytes.data[0], 2);
	ck_assert(job_decode(bytes.data, bytes.length, &job, &reason));
	ck_assert_str_eq(job.title, title);
	ck_assert_str_eq(job.body, body);
	ck_assert(job.person == -4);
	job_free(&job);
	for (size_t length = 0; length < bytes.length; length++) {
		char *cut = mem_copy(bytes.data, length);
		ck_assert_msg(!job_decode(cut, length, &job, &reason), "cut at %zu", length);
		free(cut);
	}
	ck_assert(job_decode(plain.data, plain.length, &job, &reason));
	ck_assert_ptr_null(job.title);
	job_free(&job);
	with.person = 0;
	buf_clear(&bytes);
	job_encode(&with, &bytes);
	ck_assert(!job_decode(bytes.data, bytes.length, &job, &reason));
	ck_assert_str_eq(reason, "nobody's");
	buf_free(&bytes);
	buf_free(&plain);
}
END_TEST

/* Every cut, and every byte more, is refused. */
START_TEST(job_of_another_length_is_refused)
{
	struct buf bytes = {0};
	struct job job;
	const char *reason;

	job_encode(&sample, &bytes);
	for (size_t length = 0; length < bytes.length; length++) {
		char *cut = mem_copy(bytes.data, length);
		ck_assert_msg(!job_decode(cut, length, &job, &reason), "cut at %zu", length);
		free(cut);
	}
	buf_char(&bytes, 'x');
	ck_assert(!job_decode(bytes.data, bytes.length, &job, &reason));
	ck_assert_str_eq(reason, "too long");
	buf_free(&bytes);
}
END_TEST

START_TEST(job_out_of_range_is_refused_by_name)
{
	static const struct {
		size_t at;
		unsigned char value;
		const char *reason;
	} cases[] = {
		{0, 3, "unknown version"},         {1, 0, "unknown channel"},
		{1, 9, "unknown channel"},         {2, 2, "unknown language"},
		{3, 0, "dial order out of range"}, {4, 4, "position out of range"},
		{5, 0, "try out of range"},
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct buf bytes = {0};
		struct job job;
		const char *reason;
		job_encode(&sample, &bytes);
		bytes.data[cases[i].at] = (char)cases[i].value;
		ck_assert(!job_decode(bytes.data, bytes.length, &job, &reason));
		ck_assert_str_eq(reason, cases[i].reason);
		buf_free(&bytes);
	}
}
END_TEST

START_TEST(text_that_is_not_utf8_is_refused)
{
	struct buf bytes = {0};
	struct job job;
	const char *reason;

	job_encode(&sample, &bytes);
	char *at = memmem(bytes.data, bytes.length, "docomo", 6);
	*at = (char)0xff;
	ck_assert(!job_decode(bytes.data, bytes.length, &job, &reason));
	ck_assert_str_eq(reason, "a text is not UTF-8");
	*at = '\0';
	ck_assert(!job_decode(bytes.data, bytes.length, &job, &reason));
	buf_free(&bytes);
}
END_TEST

START_TEST(content_reads_back_the_same)
{
	char title[] = "地震 \"強\"", body[] = "一\n二", text[] = "", base[] = "https://a.example",
	     org[] = "㈱点呼";
	struct content in = {
		.broadcast = 3,
		.kind = KIND_DRILL,
		.title = {title, title},
		.body = {body, text},
		.organisation = org,
		.base_url = base,
		.inside_url = text,
		.requested_at = 1,
		.expires_at = 2,
	};
	struct content out;
	struct buf json = {0};
	const char *reason;

	content_encode(&in, &json);
	ck_assert(content_decode(json.data, json.length, &out, &reason));
	ck_assert(out.broadcast == 3 && out.kind == KIND_DRILL && out.expires_at == 2);
	ck_assert_str_eq(out.title[LANGUAGE_JA], title);
	ck_assert_str_eq(out.body[LANGUAGE_EN], "");
	ck_assert_str_eq(out.organisation, org);
	content_free(&out);
	ck_assert(!content_decode(json.data, json.length - 1, &out, &reason));
	ck_assert(!content_decode("{\"version\":1}", 13, &out, &reason));
	ck_assert(!content_decode("[]", 2, &out, &reason));
	char *kind = strstr(json.data, "drill");
	memcpy(kind, "dr1ll", 5);
	ck_assert(!content_decode(json.data, json.length, &out, &reason));
	ck_assert_str_eq(reason, "the content is of an unknown kind");
	ck_assert(!content_decode("\xff", 1, &out, &reason));
	buf_free(&json);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("job");
	TCase *tests = tcase_create("job");

	tcase_add_test(tests, job_reads_back_the_same);
	tcase_add_test(tests, job_with_its_own_words_reads_back_the_same);
	tcase_add_test(tests, job_of_another_length_is_refused);
	tcase_add_test(tests, job_out_of_range_is_refused_by_name);
	tcase_add_test(tests, text_that_is_not_utf8_is_refused);
	tcase_add_test(tests, content_reads_back_the_same);
	suite_add_tcase(suite, tests);
	return run_suite(suite);
}
