/*
 * Heads of HTTP requests: read at once and byte by byte they are the same.
 *
 * Seeds: test/fuzz/seeds/head
 */

#include "dispatcher/reply/http/head.h"
#include "test/fuzz/must.h"
#include "test/fuzz/target.h"

#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

static enum head_status feed(struct head *head, const char *bytes, size_t length, size_t step,
			     size_t *total, struct head_refusal *refusal)
{
	enum head_status status = HEAD_MORE;

	*total = 0;
	while (*total < length && status == HEAD_MORE) {
		size_t piece = length - *total < step ? length - *total : step, used = 0;
		status = head_feed(head, bytes + *total, piece, &used, refusal);
		fuzz_must(used <= piece, "no more is used than was given");
		fuzz_must(status != HEAD_MORE || used == piece, "all is used while more is wanted");
		*total += used;
	}
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct head whole = {0}, parts = {0};
	struct head_refusal why = {0}, again = {0};
	size_t used, used_in_parts;

	enum head_status status =
		feed(&whole, (const char *)bytes, length, length + 1, &used, &why);
	enum head_status same =
		feed(&parts, (const char *)bytes, length, 1, &used_in_parts, &again);
	fuzz_must(status == same, "pieces make no difference");
	if (status == HEAD_DONE) {
		fuzz_must(used == used_in_parts && whole.method == parts.method &&
				  whole.content_length == parts.content_length,
			  "pieces make no difference to what was read");
		fuzz_must(used <= HEAD_MOST && whole.content_length <= BODY_MOST,
			  "limits are kept");
	}
	if (status == HEAD_REFUSED)
		fuzz_must(why.status >= 400 && why.why && why.status == again.status,
			  "a refusal has its reason");
	head_clear(&whole);
	head_clear(&parts);
	return 0;
}
