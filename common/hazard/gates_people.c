#include "common/hazard/gates.h"

#include "common/base/mem.h"
#include "common/hazard/say.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* the regions */

/* The regions with the event's highest level, whether the rule is for them or not. */
static void find_highest(const struct hazard_event *event, struct acted_list *list)
{
	int highest = 1;

	for (size_t i = 0; i < event->area_count; i++)
		if (event->areas[i].level > highest)
			highest = event->areas[i].level;
	for (size_t i = 0; i < event->area_count; i++)
		if (event->areas[i].level == highest)
			acted_add(list, event->areas[i].region, event->areas[i].what, highest);
	acted_sort(list);
}

/* Why none of the event's areas is one that the rule acts on. */
static void say_why_not(const struct question *q, const struct acted_list *highest, struct buf *why)
{
	const struct rule *rule = q->rule;

	if (q->ended.count) {
		buf_text_add(why, "what was sent for has ended in ");
		say_regions(why, &q->ended);
		buf_text_add(why, "; that is no cancellation");
	} else if (!highest->count) {
		buf_text_add(why, q->event->area_count ? "nothing is in force in its regions"
						       : "it names no region");
	} else {
		say_acted(why, q->event->hazard, highest);
		if (highest->list[0].level < rule->threshold) {
			buf_text_add(why, " is below the rule's ");
			buf_text_add(why, level_name(rule->hazard, rule->threshold));
		} else if (strcmp(highest->list[0].region, REGION_ELSEWHERE) == 0) {
			buf_text_add(why, ", where nobody is known");
		} else if (rule->region_count) {
			buf_text_add(why, ", which is none of the rule's regions");
		} else {
			buf_text_add(why, ", and the rule names no groups that would say for whom "
					  "that is");
		}
	}
}

static bool refuse_regions(struct question *q)
{
	struct acted_list highest = {0};
	struct buf why = {0};

	find_highest(q->event, &highest);
	say_why_not(q, &highest, &why);
	if (q->settle_count)
		buf_text_add(&why, "; what was held is dropped");
	question_refuse(q, "%s", buf_text(&why));
	acted_free(&highest);
	buf_free(&why);
	return true;
}

/* A correction takes the place of what it corrects. */
static bool is_corrected(const struct question *q, const struct past *held)
{
	return q->event->act == EVENT_CORRECTION && strcmp(held->title, q->event->title) == 0 &&
	       held->sent_at <= q->event->sent_at;
}

/* Whether this is what a later report, which is known, has corrected: no reason to wait for it. */
static bool is_outdated(const struct question *q)
{
	for (size_t i = 0; i < q->record.linked_count; i++) {
		const struct past *p = q->record.linked[i];
		if (p->act == EVENT_CORRECTION && p->sent_at > q->event->sent_at &&
		    strcmp(p->title, q->event->title) == 0)
			return true;
	}
	return false;
}

static void add_held(struct question *q)
{
	for (size_t i = 0; i < q->record.linked_count; i++) {
		const struct past *p = q->record.linked[i];
		if (!record_waits(p))
			continue;
		if (is_corrected(q, p))
			question_settle(q, p);
		else
			record_held(&q->record, p, &q->due);
	}
}

/* What the event itself says has ended is not held any longer. */
static void drop_ended(struct question *q)
{
	size_t kept = 0;

	for (size_t i = 0; i < q->due.count; i++) {
		const struct acted *a = &q->due.list[i];
		bool ended = false;
		for (size_t j = 0; !ended && j < q->ended.count; j++)
			ended = strcmp(q->ended.list[j].what, a->what) == 0 &&
				region_covers(q->ended.list[j].region, a->region);
		if (!ended)
			q->due.list[kept++] = *a;
	}
	q->due.count = kept;
}

bool concerns_nobody(struct question *q)
{
	if (q->rule->hold && is_outdated(q))
		return question_refuse(q, "a later report has corrected it already");
	add_held(q);
	drop_ended(q);
	acted_of_event(q->rule, q->event, &q->due);
	return !q->due.count && refuse_regions(q);
}

bool resumes_nothing(struct question *q)
{
	int64_t due_at = 0;

	for (size_t i = 0; i < q->record.linked_count; i++) {
		const struct past *p = q->record.linked[i];
		if (!record_waits(p) || p->due_at > q->now)
			continue;
		due_at = p->due_at > due_at ? p->due_at : due_at;
		record_held(&q->record, p, &q->due);
		question_settle(q, p);
	}
	acted_sort(&q->due);
	if (!due_at)
		return question_refuse(q, "nothing is held any more");
	if (!q->due.count)
		return question_refuse(q, "it ended while it was held");
	if (q->now - due_at <= q->rule->age_most)
		return false;
	struct buf late = {0};
	say_span(&late, q->now - due_at);
	question_refuse(q, "it was held, and is %s over its time now: too old", buf_text(&late));
	buf_free(&late);
	return true;
}

/* who was told */

/* Keeps what is new or, where the rule says so, stronger; the rest goes to `told`. */
static void part(struct question *q, const int *levels, struct acted_list *told)
{
	size_t kept = 0;

	for (size_t i = 0; i < q->due.count; i++) {
		const struct acted *a = &q->due.list[i];
		bool stronger = q->rule->stronger_breaks && levels[i] < a->level;
		if (!levels[i] || stronger)
			q->due.list[kept++] = *a;
		else
			acted_add(told, a->region, a->what, a->level);
	}
	q->due.count = kept;
}

static bool has_risen(const struct question *q, const int *levels)
{
	for (size_t i = 0; i < q->due.count; i++)
		if (levels[i] && levels[i] < q->due.list[i].level)
			return true;
	return false;
}

static void note(struct question *q, const struct acted_list *left_out, const char *why)
{
	if (!left_out->count)
		return;
	buf_text_add(&q->notes, "; not in ");
	say_regions(&q->notes, left_out);
	buf_format(&q->notes, ", %s", why);
}

static void refuse_told(struct question *q, const struct acted_list *told, bool risen)
{
	struct buf words = {0};

	say_acted(&words, q->event->hazard, told);
	if (risen)
		question_refuse(q,
				"%s: the level rose, but people there were contacted already "
				"and the rule does it once (stronger_breaks = no)",
				buf_text(&words));
	else
		question_refuse(q, "%s: people there were contacted already", buf_text(&words));
	buf_free(&words);
}

bool was_told_already(struct question *q)
{
	struct acted_list told = {0};
	int *levels = mem_array(q->due.count + 1, sizeof *levels);

	for (size_t i = 0; i < q->due.count; i++)
		levels[i] = record_level(&q->record, q->due.list[i].region, q->due.list[i].what);
	bool risen = has_risen(q, levels);
	part(q, levels, &told);
	if (q->due.count)
		note(q, &told, "where people were contacted before");
	else
		refuse_told(q, &told, risen);
	free(levels);
	acted_free(&told);
	return !q->due.count;
}

static void refuse_left_alone(struct question *q, const struct acted_list *left,
			      const struct past *last)
{
	struct buf words = {0};

	say_acted(&words, q->event->hazard, left);
	buf_text_add(&words, ": after the broadcast of ");
	say_time(&words, last->at);
	buf_text_add(&words, " people there are left alone for ");
	say_span(&words, q->rule->suppress);
	if (q->rule->stronger_breaks)
		buf_text_add(&words, ", and this is no stronger");
	question_refuse(q, "%s", buf_text(&words));
	buf_free(&words);
}

bool is_left_alone(struct question *q)
{
	struct acted_list left = {0};
	const struct past *last = NULL;
	int *levels = mem_array(q->due.count + 1, sizeof *levels);

	for (size_t i = 0; i < q->due.count; i++)
		levels[i] = record_level_of_others(&q->record, q->due.list[i].region,
						   q->due.list[i].what, q->now, q->rule->suppress,
						   &last);
	part(q, levels, &left);
	if (q->due.count)
		note(q, &left, "where people are left alone after an earlier broadcast");
	else
		refuse_left_alone(q, &left, last);
	free(levels);
	acted_free(&left);
	return !q->due.count;
}

static bool is_further_report(const struct question *q)
{
	for (size_t i = 0; i < q->record.linked_count; i++)
		if (record_stands(&q->record, q->record.linked[i]))
			return true;
	return false;
}

bool is_over_the_days_most(struct question *q)
{
	enum { DAY = 24 * 60 * 60 * 1000 };
	int highest;

	if (!q->rule->daily_most || is_further_report(q))
		return false;
	if (record_sent_for(&q->record, q->now, DAY, &highest) < q->rule->daily_most)
		return false;
	if (q->due.list[0].level > highest) {
		buf_format(&q->notes,
			   "; the daily maximum of %" PRId64 " is used up, but this is stronger "
			   "than all that was sent for",
			   q->rule->daily_most);
		return false;
	}
	struct buf words = {0};
	say_acted(&words, q->event->hazard, &q->due);
	question_refuse(q,
			"%s: the daily maximum of %" PRId64 " is used up, and %s was sent for "
			"before",
			buf_text(&words), q->rule->daily_most,
			level_name(q->event->hazard, highest));
	buf_free(&words);
	return true;
}

/* Those known by prefecture only may be in any region of it. */
static int64_t people_in(const struct question *q)
{
	int64_t people = 0;

	for (size_t i = 0; i < q->people_count; i++) {
		const struct head_count *head = &q->people[i];
		bool counts = head->addresses & q->rule->addresses, there = false;
		for (size_t j = 0; counts && !there && j < q->due.count; j++)
			there = region_meets(head->region, q->due.list[j].region);
		people += there ? head->people : 0;
	}
	return people;
}

bool reaches_nobody(struct question *q)
{
	struct buf where = {0}, addresses = {0};

	if (!q->people || acted_level(&q->due, "", q->due.list[0].what) || people_in(q))
		return false;
	say_acted(&where, q->event->hazard, &q->due);
	say_addresses(&addresses, q->rule->addresses);
	question_refuse(q, "%s, where nobody has a %s address", buf_text(&where),
			buf_text(&addresses));
	buf_free(&where);
	buf_free(&addresses);
	return true;
}

/* holding */

/* What is held already, when it is due first, and the decisions; count 0: nothing is. */
struct holding {
	struct acted_list regions;
	int64_t due_at;
	size_t count;
};

static void find_holding(const struct question *q, struct holding *h)
{
	for (size_t i = 0; i < q->record.linked_count; i++) {
		const struct past *p = q->record.linked[i];
		if (!record_waits(p) || is_corrected(q, p))
			continue;
		record_held(&q->record, p, &h->regions);
		if (!h->count++ || p->due_at < h->due_at)
			h->due_at = p->due_at;
	}
	if (!h->count)
		h->due_at = q->now + q->rule->hold;
}

static bool adds(const struct question *q, const struct holding *h)
{
	for (size_t i = 0; i < q->due.count; i++) {
		const struct acted *a = &q->due.list[i];
		if (acted_level(&h->regions, a->region, a->what) < a->level)
			return true;
	}
	return false;
}

static void settle_all(struct question *q)
{
	for (size_t i = 0; i < q->record.linked_count; i++)
		if (record_waits(q->record.linked[i]))
			question_settle(q, q->record.linked[i]);
}

static void hold(struct question *q, int64_t due_at)
{
	struct buf reason = {0};

	buf_text_add(&reason, "held until ");
	say_time(&reason, due_at);
	buf_text_add(&reason, " for a correction: ");
	say_acted(&reason, q->event->hazard, &q->due);
	buf_text_add(&reason, buf_text(&q->notes));
	struct decision *d = question_answer(q, VERDICT_HOLD, &reason);
	d->due_at = due_at;
	d->regions = q->due.list;
	d->region_count = q->due.count;
	q->due = (struct acted_list){0};
}

bool waits_for_a_correction(struct question *q)
{
	struct holding h = {0};
	bool waits;

	find_holding(q, &h);
	waits = q->rule->hold && h.due_at > q->now;
	if (waits && h.count && !q->settle_count && !adds(q, &h)) {
		struct buf when = {0};
		say_time(&when, h.due_at);
		question_refuse(q, "it adds nothing to what is held until %s", buf_text(&when));
		buf_free(&when);
	} else {
		settle_all(q);
		if (waits)
			hold(q, h.due_at);
	}
	acted_free(&h.regions);
	return waits;
}
