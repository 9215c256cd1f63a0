#include "dispatcher/cli/feeds/feed_play.h"

#include "common/base/mem.h"
#include "common/hazard/ask.h"
#include "common/hazard/history.h"
#include "common/store/target.h"

#include <stdlib.h>
#include <string.h>

/* Those whom one broadcast contacts, by id, in order. */
struct crowd {
	int64_t *ids;
	size_t count;
};

struct play {
	struct store *store;
	const struct rules *rules;
	void (*see)(const struct played *played, void *arg);
	void *arg;
	struct history history;
	const struct hazard_event **events; /* of each decision, by id - 1 */
	size_t decisions;
	struct crowd *crowds; /* of each broadcast, by number - 1 */
	size_t broadcasts;
	struct head_count *people;
	size_t people_count;
	bool counted;
};

struct play *play_new(struct store *store, const struct rules *rules,
		      void (*see)(const struct played *played, void *arg), void *arg)
{
	struct play *play = mem_alloc(sizeof *play);

	*play = (struct play){.store = store, .rules = rules, .see = see, .arg = arg};
	return play;
}

void play_free(struct play *play)
{
	history_free(&play->history);
	for (size_t i = 0; i < play->broadcasts; i++)
		free(play->crowds[i].ids);
	free(play->crowds);
	free(play->events);
	free(play->people);
	free(play);
}

static enum store_status count_people(struct play *play)
{
	struct region_count *counts = NULL;
	size_t count = 0;
	enum store_status status = STORE_OK;

	if (!play->store || play->counted)
		return STORE_OK;
	status = target_region_counts(play->store, &counts, &count);
	play->people = mem_array(count, sizeof *play->people);
	for (size_t i = 0; !status && i < count; i++) {
		struct head_count *h = &play->people[play->people_count++];
		*h = (struct head_count){.addresses = (unsigned)counts[i].address,
					 .people = counts[i].people};
		memcpy(h->region, counts[i].region, sizeof h->region);
	}
	play->counted = !status;
	free(counts);
	return status;
}

/* whom a broadcast contacts */

static bool is_in(const struct crowd *crowd, int64_t id)
{
	size_t from = 0, to = crowd->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (crowd->ids[middle] < id)
			from = middle + 1;
		else
			to = middle;
	}
	return from < crowd->count && crowd->ids[from] == id;
}

static const struct crowd *crowd_of(const struct play *play, int64_t broadcast)
{
	static const struct crowd nobody;
	bool known = broadcast > 0 && (size_t)broadcast <= play->broadcasts;

	return known ? &play->crowds[broadcast - 1] : &nobody;
}

static void take_out(struct crowd *crowd, const struct crowd *others)
{
	size_t kept = 0;

	for (size_t i = 0; i < crowd->count; i++)
		if (!is_in(others, crowd->ids[i]))
			crowd->ids[kept++] = crowd->ids[i];
	crowd->count = kept;
}

static int by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void put_in(struct crowd *crowd, const struct crowd *others)
{
	take_out(crowd, others);
	crowd->ids = mem_resize(crowd->ids, crowd->count + others->count, sizeof *crowd->ids);
	for (size_t i = 0; i < others->count; i++)
		crowd->ids[crowd->count++] = others->ids[i];
	if (crowd->count)
		qsort(crowd->ids, crowd->count, sizeof *crowd->ids, by_id);
}

/* The broadcasts of a play are none of the store's: what names them is looked up here. */
static enum store_status find_people(const struct play *play, const struct asked *asked,
				     struct crowd *crowd)
{
	struct target *targets = mem_array(asked->count, sizeof *targets);
	enum store_status status = STORE_OK;
	size_t count = 0;

	for (size_t i = 0; i < asked->count; i++)
		if (asked->targets[i].kind != TARGET_EXCEPT &&
		    asked->targets[i].kind != TARGET_CONTACTED)
			targets[count++] = asked->targets[i];
	if (play->store && count)
		status = target_people(play->store, targets, count, &crowd->ids, &crowd->count);
	for (size_t i = 0; !status && i < asked->count; i++) {
		const struct target *t = &asked->targets[i];
		if (t->kind == TARGET_EXCEPT)
			take_out(crowd, crowd_of(play, t->number));
		else if (t->kind == TARGET_CONTACTED)
			put_in(crowd, crowd_of(play, t->number));
	}
	free(targets);
	return status;
}

/* deciding */

struct playing {
	const struct hazard_event *event;
	int64_t at;
	bool was_held;
	const struct rule *rule; /* of the broadcasts in `made` */
	int64_t *made;
	size_t made_count;
};

static void remember(struct play *play, struct playing *p, const struct decision *d,
		     int64_t broadcast)
{
	play->events = mem_resize(play->events, play->decisions + 1, sizeof *play->events);
	play->events[play->decisions++] = p->event;
	history_add(&play->history, p->event, d, (int64_t)play->decisions, p->at, broadcast);
	if (!broadcast)
		return;
	p->made = mem_resize(p->made, p->made_count + 1, sizeof *p->made);
	p->made[p->made_count++] = broadcast;
}

static int64_t add_crowd(struct play *play, struct crowd crowd)
{
	play->crowds = mem_resize(play->crowds, play->broadcasts + 1, sizeof *play->crowds);
	play->crowds[play->broadcasts++] = crowd;
	return (int64_t)play->broadcasts;
}

static enum store_status act(struct play *play, struct playing *p, const struct decision *d)
{
	bool asks = d->verdict == VERDICT_SEND || d->verdict == VERDICT_DRILL ||
		    (d->verdict == VERDICT_CORRECT && d->correct_count > 0);
	struct played played = {.event = p->event,
				.decision = d,
				.at = p->at,
				.was_held = p->was_held,
				.fault = ""};
	struct asked asked = {0};
	struct buf fault = {0};
	struct crowd crowd = {0};
	enum store_status status = STORE_OK;

	if (d->rule != p->rule) {
		p->rule = d->rule;
		p->made_count = 0;
	}
	if (asks && play->store)
		status = ask_targets(play->store, d, p->made, p->made_count, &asked, &fault);
	if (!status && asks)
		status = find_people(play, &asked, &crowd);
	if (!status) {
		if (asks)
			played.broadcast = add_crowd(play, crowd);
		played.people = crowd.ids;
		played.count = crowd.count;
		played.fault = buf_text(&fault);
		remember(play, p, d, played.broadcast);
		play->see(&played, play->arg);
	} else {
		free(crowd.ids);
	}
	asked_free(&asked);
	buf_free(&fault);
	return status;
}

static enum store_status act_on(struct play *play, struct playing *p, struct decisions *decisions)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < decisions->count; i++)
		status = act(play, p, &decisions->list[i]);
	decisions_free(decisions);
	free(p->made);
	return status;
}

static enum store_status play_held(struct play *play, int64_t now)
{
	const struct past *past;
	enum store_status status = STORE_OK;

	while (!status && (past = history_due(&play->history, now))) {
		struct playing p = {
			.event = play->events[past->id - 1], .at = past->due_at, .was_held = true};
		struct decisions decisions;
		int64_t id = past->id;
		decide_due(play->rules, past->rule, play->history.list, play->history.count,
			   p.event, p.at, play->people, play->people_count, &decisions);
		status = act_on(play, &p, &decisions);
		history_settle(&play->history, &id, 1);
	}
	return status;
}

enum store_status play_event(struct play *play, const struct hazard_event *event, int64_t now)
{
	struct playing p = {.event = event, .at = now};
	struct decisions decisions;
	enum store_status status = count_people(play);

	if (!status)
		status = play_held(play, now);
	if (status)
		return status;
	decide(play->rules, play->history.list, play->history.count, event, now, play->people,
	       play->people_count, &decisions);
	return act_on(play, &p, &decisions);
}

enum store_status play_end(struct play *play)
{
	return play_held(play, INT64_MAX);
}
