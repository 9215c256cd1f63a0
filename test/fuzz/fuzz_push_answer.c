/*
 * Answers of push services; the first byte makes status and kind.
 *
 * Seeds: test/fuzz/seeds/push_answer
 */

#include "test/fuzz/must.h"
#include "test/fuzz/target.h"
#include "workers/push/judge.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const int statuses[] = {200, 201, 301, 400, 401, 403, 404, 410, 413, 429, 500, 503};
	struct http_request request = {.end = HTTP_ANSWERED};
	int64_t rest = 0;

	if (length == 0)
		return 0;
	request.status = statuses[bytes[0] / 2 % (sizeof statuses / sizeof *statuses)];
	enum device_kind kind = bytes[0] % 2 ? DEVICE_FCM : DEVICE_WEBPUSH;
	buf_add(&request.answer, bytes + 1, length - 1);
	enum verdict verdict = judge_answer(&request, kind);
	fuzz_must(verdict != VERDICT_TAKEN || request.status < 300, "only a 2xx is taken");
	fuzz_must(verdict != VERDICT_GONE || request.status == 404 || request.status == 410,
		  "gone is what is said to be gone");
	fuzz_must(!judge_rest(&request, kind, &rest) || rest >= 0, "a rest is some time");
	buf_free(&request.answer);
	return 0;
}
