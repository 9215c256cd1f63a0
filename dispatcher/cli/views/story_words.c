#include "dispatcher/cli/views/story_words.h"

#include "common/base/call.h"
#include "common/store/bounce.h"
#include "common/store/states.h"
#include "common/store/telegram.h"

#include <inttypes.h>

static const char *bounce_phrase(int64_t kind)
{
	if (kind == BOUNCE_FAILED)
		return "came back for good";
	return kind == BOUNCE_EXPIRED ? "came back: given up" : "delayed, says the relay";
}

static void add_part(struct buf *out, const char *before, const char *text)
{
	if (*text)
		buf_format(out, "%s%s", before, text);
}

static void say_attempt(const struct story_event *e, struct buf *out)
{
	buf_format(out, "%s: ", channel_name(e->channel));
	if (e->kind == STORY_QUEUED) {
		buf_format(out, "handed over, %s", e->text);
		if (e->number)
			buf_format(out, ", on the call of attempt %" PRId64, e->number);
		return;
	}
	if (e->kind == STORY_CALL)
		buf_format(out, "the provider says %s",
			   call_status_name((enum call_status)e->number));
	else if (e->kind == STORY_BOUNCED)
		buf_text_add(out, bounce_phrase(e->number));
	else
		buf_format(out, "%s (%s)", outcome_phrase((enum outcome)e->number),
			   outcome_name((enum outcome)e->number));
	add_part(out, ": ", e->text);
}

static void say_other(const struct story_event *e, struct buf *out)
{
	switch ((int)e->kind) {
	case STORY_TELEGRAM:
		buf_format(out, "received, %s",
			   telegram_state_phrase((enum telegram_state)e->number));
		add_part(out, ": ", e->text);
		break;
	case STORY_EVENT:
		buf_format(out, "says: %s", e->text);
		break;
	case STORY_DECIDED:
		buf_format(out, "%s", e->text);
		add_part(out, ", rule ", e->who);
		break;
	case STORY_REQUESTED:
		buf_format(out, "asked for by %s, %s: %s", e->who, kind_name((enum kind)e->number),
			   e->text);
		break;
	case STORY_STARTED:
		buf_text_add(out, "started");
		break;
	case STORY_CONTROL:
		buf_format(out, "%s, by %s", control_verb_name((enum control_verb)e->number),
			   e->who);
		break;
	case STORY_FINISHED:
		buf_format(out, "%s", broadcast_state_phrase((enum broadcast_state)e->number));
		break;
	case STORY_REPLY:
		buf_format(out, "answered %s, by %s", e->text,
			   reply_way_name((enum reply_way)e->number));
		add_part(out, ", entered by ", e->who);
		break;
	default:
		break;
	}
}

void story_say(const struct story_event *e, struct buf *out)
{
	if (e->attempt)
		say_attempt(e, out);
	else
		say_other(e, out);
}
