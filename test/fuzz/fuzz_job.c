/*
 * What stands in the queue: jobs, reports of results, contents of broadcasts. The first byte says
 * which. What is read must be written as the same bytes.
 *
 * Seeds: test/fuzz/seeds/job
 */

#include "common/queue/job.h"
#include "common/queue/result.h"
#include "test/fuzz/must.h"
#include "test/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

static void read_job(const uint8_t *bytes, size_t length)
{
	const char *reason = NULL;
	struct buf again = {0};
	struct job job;

	if (job_decode(bytes, length, &job, &reason)) {
		job_encode(&job, &again);
		fuzz_must(again.length == length && memcmp(again.data, bytes, length) == 0,
			  "a job is written as it was read");
		job_free(&job);
	} else {
		fuzz_must(reason != NULL, "a refusal has a reason");
	}
	buf_free(&again);
}

static void read_report(const uint8_t *bytes, size_t length)
{
	static struct result list[REPORT_MOST];
	const char *reason = NULL;
	struct buf once = {0}, twice = {0};
	char *texts;
	size_t count, again;

	if (!report_decode(bytes, length, list, &count, &texts, &reason)) {
		fuzz_must(reason != NULL, "a refusal has a reason");
		return;
	}
	report_encode(list, count, &once);
	free(texts);
	/* older versions are written as the present one */
	fuzz_must(report_decode(once.data, once.length, list, &again, &texts, &reason),
		  "a report is read back");
	fuzz_must(count == again, "a report is read back whole");
	report_encode(list, count, &twice);
	free(texts);
	fuzz_must(once.length == twice.length && memcmp(once.data, twice.data, once.length) == 0,
		  "a report is written as it was read");
	buf_free(&once);
	buf_free(&twice);
}

static void read_content(const char *bytes, size_t length)
{
	const char *reason = NULL;
	struct buf again = {0};
	struct content content;

	if (!content_decode(bytes, length, &content, &reason)) {
		fuzz_must(reason != NULL, "a refusal has a reason");
		return;
	}
	content_encode(&content, &again);
	content_free(&content);
	fuzz_must(content_decode(again.data, again.length, &content, &reason),
		  "a content is read back");
	content_free(&content);
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	if (length == 0)
		return 0;
	if (bytes[0] == 'j')
		read_job(bytes + 1, length - 1);
	else if (bytes[0] == 'r')
		read_report(bytes + 1, length - 1);
	else
		read_content((const char *)bytes, length);
	return 0;
}
