/*
 * Answers of a telephone provider: to a call that was placed, to a list of calls, to a look. The
 * first two bytes make the status.
 *
 * Seeds: test/fuzz/seeds/voice_answer
 */

#include "test/fuzz/must.h"
#include "test/fuzz/target.h"
#include "workers/voice/answer.h"

#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

static bool known(const char *sid, void *arg)
{
	(void)arg;
	return strlen(sid) % 2 == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const int statuses[] = {200, 201, 204, 301, 400, 401, 403, 404, 429, 500, 503, 0};
	char sid[ANSWER_SID + 1] = "", detail[ANSWER_DETAIL] = "";
	bool readable = true;

	if (length == 0)
		return 0;
	int status = statuses[bytes[0] % (sizeof statuses / sizeof *statuses)];
	const char *json = (const char *)bytes + 1;
	struct placed placed = answer_to_placing(status, json, length - 1);
	fuzz_must(placed.verdict != VERDICT_PLACED || (*placed.sid && status == 201),
		  "a call that is placed has an id");
	fuzz_must(memchr(placed.detail, '\0', sizeof placed.detail) != NULL, "words end");
	if (answer_find(json, length - 1, 0, known, NULL, sid, &readable))
		fuzz_must(*sid && readable && !known(sid, NULL), "a call that is found is new");
	enum outcome outcome = answer_to_look(status, json, length - 1, detail);
	fuzz_must(outcome < OUTCOME_END, "an outcome is one");
	return 0;
}
