/*
 * Mail that comes back.
 *
 * Seeds: test/data/bounce
 */

#include "common/bounce/dsn.h"
#include "test/fuzz/must.h"
#include "test/fuzz/target.h"

#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct dsn dsn;

	dsn_read(bytes, length, "bounce@bounces.example.jp", &dsn);
	fuzz_must(dsn.kind != DSN_NONE || (dsn.reason && *dsn.reason), "a refusal has a reason");
	fuzz_must(dsn.attempt >= 0, "an attempt's number is one");
	fuzz_must(dsn.kind != DSN_FAILED || dsn.status[0] == '5', "what failed is 5.x.x");
	fuzz_must(dsn.kind != DSN_EXPIRED || dsn.status[0] == '4', "what expired is 4.x.x");
	fuzz_must(!dsn_is_about(&dsn, ""), "no report is about nobody");
	fuzz_must(strlen(buf_text(&dsn.recipients)) == dsn.recipients.length,
		  "recipients are plain text");
	dsn_free(&dsn);
	return 0;
}
