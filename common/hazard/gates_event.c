#include "common/hazard/gates.h"

#include "common/base/mem.h"
#include "common/hazard/say.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool rule_is_off(struct question *q)
{
	return !q->rule->enabled && question_refuse(q, "the rule is off (enabled = no)");
}

bool is_of_another_source(struct question *q)
{
	const char *source = hazard_format_name(q->event->format);
	struct buf taken = {0};

	if (!q->rule->source_count)
		return false;
	for (size_t i = 0; i < q->rule->source_count; i++) {
		if (strcmp(q->rule->sources[i], source) == 0) {
			buf_free(&taken);
			return false;
		}
		buf_format(&taken, "%s%s", i ? ", " : "", q->rule->sources[i]);
	}
	question_refuse(q, "the rule takes the word of %s, this is from %s", buf_text(&taken),
			source);
	buf_free(&taken);
	return true;
}

bool is_a_test(struct question *q)
{
	return q->event->status == EVENT_TEST &&
	       question_refuse(q, "a test of its source, which is only noted");
}

bool is_an_exercise(struct question *q)
{
	return q->event->status == EVENT_EXERCISE && !q->rule->exercises &&
	       question_refuse(q, "an exercise, and the rule makes no drills of them "
				  "(exercises = no)");
}

/* cancels */

static bool is_meant(const struct question *q, const struct past *past)
{
	const struct hazard_event *e = q->event;

	return strcmp(past->title, e->title) == 0 && past->sent_at <= e->sent_at &&
	       keys_shared(past->keys, past->key_count, (const char *const *)e->keys, e->key_count);
}

static void add_id(int64_t **list, size_t *count, int64_t id)
{
	*list = mem_resize(*list, *count + 1, sizeof **list);
	(*list)[(*count)++] = id;
}

static void correct(struct question *q, const int64_t *broadcasts, size_t count)
{
	struct buf reason = {0};

	buf_format(&reason, "corrected: \"%s\" was taken back; those contacted by broadcast",
		   q->event->title);
	for (size_t i = 0; i < count; i++)
		buf_format(&reason, "%s %" PRId64, i ? "," : "", broadcasts[i]);
	buf_text_add(&reason, " are told");
	if (q->rule->cancel_stops)
		buf_text_add(&reason, ", and what is still under way is called off");
	struct decision *d = question_answer(q, VERDICT_CORRECT, &reason);
	for (size_t i = 0; i < count; i++) {
		add_id(&d->corrects, &d->correct_count, broadcasts[i]);
		if (q->rule->cancel_stops)
			add_id(&d->stops, &d->stop_count, broadcasts[i]);
	}
}

bool is_a_cancel(struct question *q)
{
	int64_t *broadcasts = NULL;
	size_t count = 0;
	bool before = false;

	if (q->event->act != EVENT_CANCEL)
		return false;
	for (size_t i = 0; i < q->record.linked_count; i++) {
		const struct past *p = q->record.linked[i];
		if (!is_meant(q, p))
			continue;
		before |= p->verdict == VERDICT_CORRECT;
		if (record_waits(p))
			question_settle(q, p);
		else if (p->broadcast && record_stands(&q->record, p))
			add_id(&broadcasts, &count, p->broadcast);
	}
	if (count)
		correct(q, broadcasts, count);
	else if (q->settle_count)
		question_refuse(q, "\"%s\" was taken back while it was held; it is dropped",
				q->event->title);
	else if (before)
		question_refuse(q, "\"%s\" was taken back before, and a correction was sent then",
				q->event->title);
	else
		question_refuse(q, "\"%s\" was taken back, and nobody was contacted for it",
				q->event->title);
	free(broadcasts);
	return true;
}

/* times */

bool is_too_old(struct question *q)
{
	struct buf words = {0};

	if (q->now - q->event->sent_at <= q->rule->age_most)
		return false;
	say_span(&words, q->now - q->event->sent_at);
	buf_text_add(&words, " old, and the rule acts on nothing older than ");
	say_span(&words, q->rule->age_most);
	question_refuse(q, "the report is %s", buf_text(&words));
	buf_free(&words);
	return true;
}

bool has_run_out(struct question *q)
{
	struct buf when = {0};

	if (!q->event->expires_at || q->event->expires_at > q->now)
		return false;
	say_time(&when, q->event->expires_at);
	question_refuse(q, "it was good until %s", buf_text(&when));
	buf_free(&when);
	return true;
}

bool was_taken_back(struct question *q)
{
	const struct past *cancel = record_taken_back(&q->record);
	struct buf when = {0};

	if (!cancel)
		return false;
	say_time(&when, cancel->sent_at);
	question_refuse(q, "it comes behind its own cancellation of %s", buf_text(&when));
	buf_free(&when);
	return true;
}

static int64_t moment(int64_t occurred_at, int64_t sent_at)
{
	return occurred_at ? occurred_at : sent_at;
}

/* Whether it reports the shaking that a forecast is about. */
static bool is_the_shaking(const struct question *q, const struct past *past)
{
	const struct hazard_event *e = q->event;
	int64_t apart =
		moment(e->occurred_at, e->sent_at) - moment(past->occurred_at, past->sent_at);

	if (past->hazard != HAZARD_EARTHQUAKE || past->status != e->status ||
	    past->act == EVENT_CANCEL)
		return false;
	return keys_shared(past->keys, past->key_count, (const char *const *)e->keys,
			   e->key_count) ||
	       (apart <= q->rule->guard && apart >= -q->rule->guard);
}

bool is_behind_the_shaking(struct question *q)
{
	if (q->event->hazard != HAZARD_EEW)
		return false;
	for (size_t i = 0; i < q->record.history_count; i++)
		if (is_the_shaking(q, &q->record.history[i]))
			return question_refuse(q, "the shaking itself was reported already, and "
						  "this is a forecast of it");
	return false;
}
