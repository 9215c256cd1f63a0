#include "common/hazard/decide.h"

#include "common/base/mem.h"
#include "common/hazard/gates.h"
#include "common/hazard/say.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A report passes these in order; the first that has something against sending gives the answer. */
static gate *const for_an_event[] = {
	rule_is_off,
	is_of_another_source,
	is_a_test,
	is_an_exercise,
	is_a_cancel,
	is_too_old,
	has_run_out,
	was_taken_back,
	is_behind_the_shaking,
	concerns_nobody,
	was_told_already,
	is_left_alone,
	is_over_the_days_most,
	reaches_nobody,
	waits_for_a_correction,
	NULL,
};

/* What was held passed the others when it came. */
static gate *const for_what_was_held[] = {
	rule_is_off,           was_taken_back,   is_behind_the_shaking,
	resumes_nothing,       was_told_already, is_left_alone,
	is_over_the_days_most, reaches_nobody,   NULL,
};

/* sending */

/* Those of earlier broadcasts who heard of this level or, where levels do not matter, of it at all. */
static void except(const struct question *q, struct decision *d, const struct acted_list *regions)
{
	for (size_t i = 0; i < q->record.linked_count; i++) {
		const struct past *p = q->record.linked[i];
		if (!record_told(&q->record, p, regions, q->rule->stronger_breaks))
			continue;
		d->except = mem_resize(d->except, d->except_count + 1, sizeof *d->except);
		d->except[d->except_count++] = p->broadcast;
	}
}

static void say_except(const struct decision *d, struct buf *reason)
{
	for (size_t i = 0; i < d->except_count; i++)
		buf_format(reason, "%s %" PRId64, i ? "," : "; not to those of broadcast",
			   d->except[i]);
}

/* Takes the regions. */
static void send_one(struct question *q, struct acted_list *regions, bool first)
{
	bool drill = q->rule->drill_only || q->event->status == EVENT_EXERCISE;
	struct buf reason = {0}, words = {0};

	say_acted(&words, q->event->hazard, regions);
	struct decision *d = question_answer(q, drill ? VERDICT_DRILL : VERDICT_SEND, &reason);
	except(q, d, regions);
	d->except_before = !first;
	buf_format(&reason, "%s: %s%s", drill ? "drill" : "sent", buf_text(&words),
		   buf_text(&q->notes));
	say_except(d, &reason);
	free(d->reason);
	d->reason = buf_take(&reason);
	d->regions = regions->list;
	d->region_count = regions->count;
	buf_free(&words);
}

/* One broadcast, or one for each level, the highest first. */
static void send_all(struct question *q)
{
	for (size_t from = 0, to; from < q->due.count; from = to) {
		struct acted_list regions = {0};
		for (to = from; to < q->due.count; to++) {
			const struct acted *a = &q->due.list[to];
			if (q->rule->stronger_breaks && a->level != q->due.list[from].level)
				break;
			acted_add(&regions, a->region, a->what, a->level);
		}
		send_one(q, &regions, from == 0);
	}
}

/* asking */

static void ask(struct question *q, gate *const *gates)
{
	while (*gates && !(*gates)(q))
		gates++;
	if (!*gates)
		send_all(q);
}

/* Whatever comes of it: what is due is not asked about again. */
static void settle_due(struct question *q, const char *rule, const struct past *history,
		       size_t history_count)
{
	for (size_t i = 0; i < history_count; i++) {
		const struct past *p = &history[i];
		if (record_waits(p) && p->due_at <= q->now && strcmp(p->rule, rule) == 0 &&
		    keys_shared(p->keys, p->key_count, (const char *const *)q->event->keys,
				q->event->key_count))
			question_settle(q, p);
	}
}

static void ask_rule(const struct rule *rule, gate *const *gates, const struct question *asked,
		     const struct past *history, size_t history_count)
{
	struct question q = *asked;

	q.rule = rule;
	record_open(&q.record, rule, q.event, history, history_count);
	record_ended(&q.record, &q.ended);
	acted_add_all(&q.marks, q.ended.list, q.ended.count);
	record_joined(&q.record, &q.marks);
	ask(&q, gates);
	record_close(&q.record);
	acted_free(&q.due);
	acted_free(&q.ended);
	buf_free(&q.notes);
}

static void ask_nobody(struct question *q, const char *reason)
{
	question_refuse(q, "%s%s", reason, hazard_phrase(q->event->hazard));
}

void decide(const struct rules *rules, const struct past *history, size_t history_count,
	    const struct hazard_event *event, int64_t now, const struct head_count *people,
	    size_t people_count, struct decisions *decisions)
{
	struct question q = {
		.event = event,
		.now = now,
		.people = people,
		.people_count = people_count,
		.answers = decisions,
	};

	*decisions = (struct decisions){0};
	for (size_t i = 0; i < rules->count; i++)
		if (rules->list[i].hazard == event->hazard)
			ask_rule(&rules->list[i], for_an_event, &q, history, history_count);
	if (!decisions->count)
		ask_nobody(&q, "no rule is for ");
}

void decide_due(const struct rules *rules, const char *rule, const struct past *history,
		size_t history_count, const struct hazard_event *event, int64_t now,
		const struct head_count *people, size_t people_count, struct decisions *decisions)
{
	struct question q = {
		.event = event,
		.now = now,
		.people = people,
		.people_count = people_count,
		.answers = decisions,
	};

	*decisions = (struct decisions){0};
	settle_due(&q, rule, history, history_count);
	for (size_t i = 0; i < rules->count && !decisions->count; i++)
		if (strcmp(rules->list[i].name, rule) == 0 &&
		    rules->list[i].hazard == event->hazard)
			ask_rule(&rules->list[i], for_what_was_held, &q, history, history_count);
	if (!decisions->count)
		ask_nobody(&q, "the rule that held it is gone; it was for ");
}

void decisions_free(struct decisions *decisions)
{
	for (size_t i = 0; i < decisions->count; i++) {
		struct decision *d = &decisions->list[i];
		free(d->reason);
		free(d->regions);
		free(d->marks);
		free(d->except);
		free(d->corrects);
		free(d->stops);
		free(d->settles);
	}
	free(decisions->list);
	*decisions = (struct decisions){0};
}

/* words */

#define X(symbol, number, name, phrase) [number] = (name),
static const char *const verdict_names[VERDICT_END] = {VERDICTS(X)};
#undef X

static bool is_verdict(enum verdict verdict)
{
	return verdict > VERDICT_NONE && verdict < VERDICT_END;
}

const char *verdict_name(enum verdict verdict)
{
	return is_verdict(verdict) ? verdict_names[verdict] : "";
}
