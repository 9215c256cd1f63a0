#include "workers/mail/trace.h"

#include "common/base/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define X(symbol, verb, phrase) {verb, phrase},
static const struct {
	const char *verb, *phrase;
} stages[STAGE_END] = {STAGES(X)};
#undef X

const char *stage_phrase(enum stage stage)
{
	return stages[stage].phrase;
}

void trace_start(struct trace *trace)
{
	*trace = (struct trace){.stage = STAGE_GREETING};
}

static bool starts_with(const char *bytes, size_t length, const char *verb)
{
	size_t size = strlen(verb);

	return size > 0 && length >= size && memcmp(bytes, verb, size) == 0;
}

/* Answers within AUTH have no verb: the stage stays. */
void trace_written(struct trace *trace, const char *bytes, size_t length)
{
	if (starts_with(bytes, length, "QUIT"))
		trace->leaving = true;
	for (int i = 0; i < STAGE_END && !trace->leaving; i++)
		if (starts_with(bytes, length, stages[i].verb))
			trace->stage = (enum stage)i;
}

/* The reply whose last line this is is whole. */
static void whole_reply(struct trace *trace, bool more)
{
	enum { READY_FOR_TLS = 220, AUTHENTICATED = 235 };

	trace->code = (int)strtol(trace->line, NULL, 10);
	if (trace->stage == STAGE_AUTH && trace->code == AUTHENTICATED)
		trace->authenticated = true;
	if (trace->stage == STAGE_STARTTLS && trace->code == READY_FOR_TLS && more)
		trace->injected = true;
}

static void whole_line(struct trace *trace, bool more)
{
	while (trace->length && strchr("\r\n", trace->line[trace->length - 1]))
		trace->length--;
	trace->line[trace->length] = '\0';
	if (!trace->in_reply)
		snprintf(trace->reply, sizeof trace->reply, "%s", trace->line);
	trace->in_reply = trace->length > 3 && trace->line[3] == '-';
	if (!trace->in_reply)
		whole_reply(trace, more);
	trace->length = 0;
}

void trace_read(struct trace *trace, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length && !trace->leaving; i++) {
		if (trace->length < sizeof trace->line - 1)
			trace->line[trace->length++] = bytes[i];
		if (bytes[i] == '\n')
			whole_line(trace, i + 1 < length);
	}
}
