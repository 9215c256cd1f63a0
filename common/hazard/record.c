#include "common/hazard/record.h"

#include "common/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { DAY = 24 * 60 * 60 * 1000 };

bool keys_shared(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
	for (size_t i = 0; i < a_count; i++)
		for (size_t j = 0; j < b_count; j++)
			if (strcmp(a[i], b[j]) == 0)
				return true;
	return false;
}

static bool shares_key(const struct hazard_event *event, const struct past *past)
{
	return keys_shared((const char *const *)event->keys, event->key_count, past->keys,
			   past->key_count);
}

/* Exercises and real reports have nothing to do with each other. */
static bool is_of(const struct past *past, const struct rule *rule,
		  const struct hazard_event *event)
{
	return past->hazard == event->hazard && past->status == event->status &&
	       strcmp(past->rule, rule->name) == 0;
}

static bool was_sent(const struct past *past)
{
	return past->verdict == VERDICT_SEND || past->verdict == VERDICT_DRILL;
}

/* what belongs together */

/* Event ids; the texts are others'. */
struct keys {
	const char **list;
	size_t count;
};

static void keys_add(struct keys *keys, const char *const *more, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (keys_shared(keys->list, keys->count, &more[i], 1))
			continue;
		keys->list = mem_resize(keys->list, keys->count + 1, sizeof *keys->list);
		keys->list[keys->count++] = more[i];
	}
}

/* Adds the ids of every report that has one of them, until there are no more. */
static void keys_close(struct keys *keys, const struct record *r)
{
	size_t before;

	do {
		before = keys->count;
		for (size_t i = 0; i < r->history_count; i++) {
			const struct past *p = &r->history[i];
			if (is_of(p, r->rule, r->event) &&
			    keys_shared(keys->list, keys->count, p->keys, p->key_count))
				keys_add(keys, p->keys, p->key_count);
		}
	} while (keys->count != before);
}

static int64_t distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

/* A shaking has its moment; of a tsunami, what different sources have in common is the report's. */
static bool is_near(const struct record *r, const struct past *past)
{
	const struct hazard_event *e = r->event;

	if (e->hazard == HAZARD_TSUNAMI)
		return distance(past->sent_at, e->sent_at) <= r->rule->guard;
	if (e->hazard != HAZARD_EARTHQUAKE && e->hazard != HAZARD_EEW)
		return false;
	return distance(past->occurred_at ? past->occurred_at : past->sent_at,
			e->occurred_at ? e->occurred_at : e->sent_at) <= r->rule->guard;
}

static bool meets_event(const struct past *past, const struct hazard_event *event)
{
	for (size_t i = 0; i < past->acted_count; i++)
		for (size_t j = 0; past->acted[i].level != MARK_ENDED && j < event->area_count; j++)
			if (event->areas[j].level &&
			    region_meets(past->acted[i].region, event->areas[j].region))
				return true;
	return false;
}

/* Takes another event's ids in where it is near and was acted on in one of this event's regions. */
static void add_near(struct keys *keys, const struct record *r, const struct past *near)
{
	struct keys others = {0};
	bool meets = false;

	keys_add(&others, near->keys, near->key_count);
	keys_close(&others, r);
	for (size_t i = 0; !meets && i < r->history_count; i++) {
		const struct past *p = &r->history[i];
		meets = is_of(p, r->rule, r->event) &&
			keys_shared(others.list, others.count, p->keys, p->key_count) &&
			meets_event(p, r->event);
	}
	if (meets)
		keys_add(keys, others.list, others.count);
	free(others.list);
}

static void find_keys(struct keys *keys, const struct record *r)
{
	keys_add(keys, (const char *const *)r->event->keys, r->event->key_count);
	keys_close(keys, r);
	for (size_t i = 0; i < r->history_count; i++) {
		const struct past *p = &r->history[i];
		if (is_of(p, r->rule, r->event) && is_near(r, p) &&
		    !keys_shared(keys->list, keys->count, p->keys, p->key_count))
			add_near(keys, r, p);
	}
}

void record_open(struct record *r, const struct rule *rule, const struct hazard_event *event,
		 const struct past *history, size_t history_count)
{
	struct keys keys = {0};

	*r = (struct record){
		.rule = rule,
		.event = event,
		.history = history,
		.history_count = history_count,
		.linked = mem_array(history_count + 1, sizeof(*r->linked)),
	};
	find_keys(&keys, r);
	for (size_t i = 0; i < history_count; i++)
		if (is_of(&history[i], rule, event) &&
		    keys_shared(keys.list, keys.count, history[i].keys, history[i].key_count))
			r->linked[r->linked_count++] = &history[i];
	free(keys.list);
}

void record_close(struct record *r)
{
	free(r->linked);
}

/* cancels */

static bool takes_back(const struct past *cancel, const char *title, int64_t sent_at)
{
	return cancel->act == EVENT_CANCEL && cancel->sent_at >= sent_at &&
	       strcmp(cancel->title, title) == 0;
}

bool record_stands(const struct record *r, const struct past *past)
{
	if (!was_sent(past))
		return false;
	for (size_t i = 0; i < r->history_count; i++) {
		const struct past *p = &r->history[i];
		if (is_of(p, r->rule, r->event) && takes_back(p, past->title, past->sent_at) &&
		    keys_shared(p->keys, p->key_count, past->keys, past->key_count))
			return false;
	}
	return true;
}

const struct past *record_taken_back(const struct record *r)
{
	for (size_t i = 0; i < r->linked_count; i++)
		if (takes_back(r->linked[i], r->event->title, r->event->sent_at) &&
		    shares_key(r->event, r->linked[i]))
			return r->linked[i];
	return NULL;
}

/* what lasts, and ends */

static bool lasts(enum hazard hazard)
{
	return hazard != HAZARD_EARTHQUAKE && hazard != HAZARD_EEW;
}

/*
 * After so long without a report of it nobody can say whether a danger still stands: its end may
 * have been missed.
 */
static int64_t lapse(enum hazard hazard)
{
	return hazard == HAZARD_VOLCANO ? INT64_C(30) * DAY : INT64_C(3) * DAY;
}

int64_t decide_looks_back(const struct rules *rules, enum hazard hazard)
{
	static const int days[HAZARD_END] = {
		[HAZARD_EARTHQUAKE] = 7, [HAZARD_TSUNAMI] = 14, [HAZARD_LANDSLIDE] = 14,
		[HAZARD_WEATHER] = 14,   [HAZARD_VOLCANO] = 60, [HAZARD_EEW] = 7,
		[HAZARD_OTHER] = 14,
	};
	int64_t most = (int64_t)days[hazard] * DAY;

	for (size_t i = 0; i < rules->count; i++)
		if (rules->list[i].hazard == hazard && rules->list[i].suppress > most)
			most = rules->list[i].suppress;
	return most;
}

/* Whether reports came without such a gap between what was acted on and the event. */
static bool is_kept_up(const struct record *r, int64_t sent_at)
{
	int64_t from = sent_at < r->event->sent_at ? sent_at : r->event->sent_at;
	int64_t to = sent_at < r->event->sent_at ? r->event->sent_at : sent_at;

	for (int64_t next = from; to - from > lapse(r->event->hazard); from = next) {
		for (size_t i = 0; i < r->linked_count; i++) {
			int64_t at = r->linked[i]->sent_at;
			if (at > next && at <= to && at - from <= lapse(r->event->hazard))
				next = at;
		}
		if (next == from)
			return false;
	}
	return true;
}

static bool is_end(const struct acted *acted, const char *region, const char *what)
{
	return acted->level == MARK_ENDED && strcmp(acted->what, what) == 0 &&
	       region_covers(acted->region, region);
}

/* Whether it ended there between the two times, whichever is the earlier. */
static bool ended_between(const struct record *r, const char *region, const char *what, int64_t a,
			  int64_t b)
{
	int64_t from = a < b ? a : b, to = a < b ? b : a;

	for (size_t i = 0; i < r->linked_count; i++) {
		const struct past *p = r->linked[i];
		for (size_t j = 0; p->sent_at > from && p->sent_at < to && j < p->acted_count; j++)
			if (is_end(&p->acted[j], region, what))
				return true;
	}
	return false;
}

/* Whether what was sent for there is still the same danger by the time of the event. */
static bool is_same(const struct record *r, const struct past *past, const char *region,
		    const char *what)
{
	if (!lasts(r->event->hazard))
		return true;
	return is_kept_up(r, past->sent_at) &&
	       !ended_between(r, region, what, past->sent_at, r->event->sent_at);
}

static int level_in(const struct past *past, const char *region, const char *what)
{
	int level = 0;

	for (size_t i = 0; i < past->acted_count; i++)
		if (past->acted[i].level > level && strcmp(past->acted[i].what, what) == 0 &&
		    region_covers(past->acted[i].region, region))
			level = past->acted[i].level;
	return level;
}

int record_level(const struct record *r, const char *region, const char *what)
{
	int highest = 0;

	for (size_t i = 0; i < r->linked_count; i++) {
		const struct past *p = r->linked[i];
		int level = was_sent(p) ? level_in(p, region, what) : 0;
		if (level > highest && record_stands(r, p) && is_same(r, p, region, what))
			highest = level;
	}
	return highest;
}

static bool is_linked(const struct record *r, const struct past *past)
{
	for (size_t i = 0; i < r->linked_count; i++)
		if (r->linked[i] == past)
			return true;
	return false;
}

static bool is_other(const struct record *r, const struct past *past, int64_t now, int64_t window)
{
	return is_of(past, r->rule, r->event) && was_sent(past) && now - past->at < window &&
	       !is_linked(r, past) && record_stands(r, past);
}

int record_level_of_others(const struct record *r, const char *region, const char *what,
			   int64_t now, int64_t window, const struct past **past)
{
	int highest = 0;

	for (size_t i = 0; i < r->history_count; i++) {
		int level = level_in(&r->history[i], region, what);
		if (!level || !is_other(r, &r->history[i], now, window))
			continue;
		*past = &r->history[i];
		if (level > highest)
			highest = level;
	}
	return highest;
}

int64_t record_sent_for(const struct record *r, int64_t now, int64_t window, int *highest)
{
	struct keys seen = {0};
	int64_t events = 0;

	*highest = 0;
	for (size_t i = 0; i < r->history_count; i++) {
		const struct past *p = &r->history[i];
		if (!is_other(r, p, now, window))
			continue;
		events += !keys_shared(seen.list, seen.count, p->keys, p->key_count);
		keys_add(&seen, p->keys, p->key_count);
		for (size_t j = 0; j < p->acted_count; j++)
			if (p->acted[j].level > *highest)
				*highest = p->acted[j].level;
	}
	free(seen.list);
	return events;
}

/* The event's level there: -1 where it does not say. */
static int level_said(const struct hazard_event *event, const struct acted *acted)
{
	int level = event->restates ? 0 : -1;

	for (size_t i = 0; i < event->area_count; i++) {
		const struct event_area *area = &event->areas[i];
		bool same = strcmp(area->what, acted->what) == 0 &&
			    (event->restates ? region_meets(area->region, acted->region)
					     : region_covers(area->region, acted->region));
		if (same && area->level > level)
			level = area->level;
	}
	return level;
}

/* Nor is it news where the same report comes again. */
static bool is_over(const struct record *r, const struct past *past, const struct acted *acted)
{
	int said = level_said(r->event, acted);

	return acted->level > 0 && said >= 0 && said < r->rule->threshold &&
	       !ended_between(r, acted->region, acted->what, past->sent_at, r->event->sent_at + 1);
}

void record_ended(const struct record *r, struct acted_list *ended)
{
	if (!lasts(r->event->hazard) || r->event->act == EVENT_CANCEL)
		return;
	for (size_t i = 0; i < r->linked_count; i++) {
		const struct past *p = r->linked[i];
		if (!(was_sent(p) || record_waits(p)) || !shares_key(r->event, p) ||
		    p->sent_at >= r->event->sent_at)
			continue;
		for (size_t j = 0; j < p->acted_count; j++)
			if (is_over(r, p, &p->acted[j]))
				acted_add(ended, p->acted[j].region, p->acted[j].what, MARK_ENDED);
	}
	acted_sort(ended);
}

static void join(const struct record *r, const struct past *past, struct acted_list *joined)
{
	for (size_t i = 0; i < r->event->area_count; i++) {
		const struct event_area *area = &r->event->areas[i];
		bool meets = false;
		for (size_t j = 0; area->level && !meets && j < past->acted_count; j++)
			meets = past->acted[j].level != MARK_ENDED &&
				region_meets(past->acted[j].region, area->region);
		if (meets)
			acted_add(joined, area->region, area->what, MARK_JOINED);
	}
}

void record_joined(const struct record *r, struct acted_list *joined)
{
	for (size_t i = 0; i < r->linked_count; i++)
		if (is_near(r, r->linked[i]) && !shares_key(r->event, r->linked[i]))
			join(r, r->linked[i], joined);
}

bool record_told(const struct record *r, const struct past *past, const struct acted_list *regions,
		 bool by_level)
{
	if (!past->broadcast || !record_stands(r, past))
		return false;
	for (size_t i = 0; i < past->acted_count; i++) {
		const struct acted *told = &past->acted[i];
		if (told->level <= 0)
			continue;
		if (!is_same(r, past, told->region, told->what))
			return false;
		for (size_t j = 0; j < regions->count; j++)
			if (strcmp(told->what, regions->list[j].what) != 0 ||
			    (by_level && told->level < regions->list[j].level))
				return false;
	}
	return true;
}

/* what is held */

bool record_waits(const struct past *past)
{
	return past->verdict == VERDICT_HOLD && past->due_at != 0;
}

static bool ended_since(const struct record *r, const struct past *held, const struct acted *acted)
{
	for (size_t i = 0; i < r->linked_count; i++) {
		const struct past *p = r->linked[i];
		for (size_t j = 0; p->sent_at > held->sent_at && j < p->acted_count; j++)
			if (is_end(&p->acted[j], acted->region, acted->what))
				return true;
	}
	return false;
}

void record_held(const struct record *r, const struct past *past, struct acted_list *list)
{
	for (size_t i = 0; i < past->acted_count; i++) {
		const struct acted *a = &past->acted[i];
		if (a->level > 0 && !ended_since(r, past, a))
			acted_add(list, a->region, a->what, a->level);
	}
}
