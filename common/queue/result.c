#include "common/queue/result.h"

#include "common/base/mem.h"
#include "common/queue/wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ONE_WITHOUT_GONE = 1, ONE = 2, MANY = 3 }; /* versions */

void report_encode(const struct result *results, size_t count, struct buf *out)
{
	assert(count >= 1 && count <= REPORT_MOST);
	wire_put_u8(out, MANY);
	wire_put_text(out, results[0].worker);
	wire_put_u16(out, (unsigned)count);
	for (const struct result *r = results; r < results + count; r++) {
		wire_put_u8(out, r->outcome);
		wire_put_i64(out, r->attempt);
		wire_put_i64(out, r->started);
		wire_put_i64(out, r->finished);
		wire_put_text(out, r->detail);
		wire_put_text(out, r->gone ? r->gone : "");
		wire_put_text(out, r->reference ? r->reference : "");
	}
}

/* The next text, put behind those before it with a NUL of its own. */
static char *take_text(struct wire_reader *r, char **texts)
{
	size_t length;
	const char *view = wire_view(r, &length);
	char *text = *texts;

	memcpy(text, view, length);
	text[length] = '\0';
	*texts += length + 1;
	return text;
}

static void take_result(struct wire_reader *r, struct result *result)
{
	*result = (struct result){
		.outcome = (enum outcome)wire_range(r, 1, OUTCOME_END - 1, "unknown outcome")};
	result->attempt = wire_i64(r);
	result->started = wire_i64(r);
	result->finished = wire_i64(r);
	if (!r->fault && result->attempt <= 0)
		r->fault = "an id is not positive";
}

static void take_one(struct wire_reader *r, int version, struct result *result, char *texts)
{
	take_result(r, result);
	result->worker = take_text(r, &texts);
	result->detail = take_text(r, &texts);
	if (version == ONE_WITHOUT_GONE)
		return;
	result->gone = take_text(r, &texts);
	result->reference = take_text(r, &texts);
}

static size_t take_many(struct wire_reader *r, struct result *list, char *texts)
{
	char *worker = take_text(r, &texts);
	size_t count = wire_u16(r);

	if (!r->fault && (count < 1 || count > REPORT_MOST))
		r->fault = "number of results out of range";
	for (size_t i = 0; i < count && !r->fault; i++) {
		take_result(r, &list[i]);
		list[i].worker = worker;
		list[i].detail = take_text(r, &texts);
		list[i].gone = take_text(r, &texts);
		list[i].reference = take_text(r, &texts);
	}
	return count;
}

bool report_decode(const void *bytes, size_t length, struct result *list, size_t *count,
		   char **texts, const char **reason)
{
	struct wire_reader r = {.at = bytes, .end = (const unsigned char *)bytes + length};
	/* A text's length takes two bytes there, its NUL one here; up to four may be missing there. */
	char *block = mem_array(length + 4, 1);

	int version = wire_range(&r, ONE_WITHOUT_GONE, MANY, "unknown version");
	*count = 1;
	if (version == MANY)
		*count = take_many(&r, list, block);
	else
		take_one(&r, version, &list[0], block);
	*texts = block;
	if (wire_end(&r))
		return true;
	*reason = r.fault;
	free(block);
	return false;
}
