#include "test/sim/process.h"

#include "common/base/clock.h"
#include "dispatcher/scheduler/calls.h"
#include "dispatcher/scheduler/compare.h"
#include "dispatcher/scheduler/handover.h"
#include "dispatcher/scheduler/turn.h"
#include "test/sim/crew.h"
#include "test/sim/model.h"

#include <string.h>

enum { RETRY_MS = 1000, RECONNECT_MS = 500 };

/* It may have forgotten what it was about to mark; the next comparing sees to that. */
static void forget_marks(struct world *w)
{
	w->marking = (struct marking){0};
}

static void drop_belt(struct world *w)
{
	forget_marks(w);
	belt_disconnect(&w->belt);
	w->s.belt_state = BELT_GONE;
	w->reconnect_at = clock_monotonic() + RECONNECT_MS;
}

void process_bury(struct world *w)
{
	world_tell(w, "the scheduler is dead");
	runs_forget(&w->s.runs);
	effects_free(&w->s.effects);
	store_rollback(&w->store);
	belt_disconnect(&w->belt);
	w->faults = (struct faults){0};
	w->up = false;
}

/* Whether it lives on. */
static bool lives(struct world *w)
{
	if (w->faults.dead)
		process_bury(w);
	return w->up;
}

/* Those who are idle have noticed by the time that the belt is made anew. */
static void settle(struct world *w)
{
	for (int i = 0; i < WORKERS; i++)
		if (w->workers[i].alive && w->workers[i].count == 0)
			crew_report_all(w, &w->workers[i]);
}

static void connect_belt(struct world *w)
{
	if (clock_monotonic() < w->reconnect_at)
		return;
	if (!belt_connect(&w->belt) || !compare_on_connect(&w->s))
		drop_belt(w);
}

static bool recall_from_dead_channels(struct world *w)
{
	struct scheduler *s = &w->s;
	bool done;

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		struct pacer *p = &s->pacers[c];
		turn_listen(s, p);
		w->outage_seen |= p->down;
		if (!p->recall) {
			walks_recall_no_more(s, (enum channel)c);
			continue;
		}
		if (!walks_recall(s, (enum channel)c, &done))
			return false;
		if (done)
			p->recall = p->probing = false;
		w->next = clock_monotonic();
	}
	return true;
}

/* As the scheduler's loop does it (dispatcher/scheduler/loop.c). */
void process_look(struct world *w)
{
	struct scheduler *s = &w->s;
	bool kept = true;

	if (s->belt_state == BELT_GONE) {
		connect_belt(w);
	} else if (s->belt_state == BELT_SETTLING) {
		if (clock_monotonic() >= s->settled_at) {
			settle(w);
			kept = compare_settled(s);
		}
	} else {
		kept = recall_from_dead_channels(w) && compare_now_and_then(s);
	}
	if (!kept)
		drop_belt(w);
	if (!lives(w))
		return;
	if (s->belt_state == BELT_RUNNING && w->belt.queue.epoch)
		w->disturbed = false;
}

void process_start(struct world *w)
{
	if (w->up)
		return;
	world_tell(w, "the scheduler is started");
	w->s = (struct scheduler){.settings = &w->settings, .store = &w->store, .belt = &w->belt};
	w->up = true;
	w->retry_at = w->reconnect_at = 0;
	forget_marks(w);
	turn_set_paces(&w->s);
	w->s.monotonic = clock_monotonic();
	if (handover_begin(&w->s)) {
		w->faults.dead = true; /* it gives up, and is started again */
		process_bury(w);
		return;
	}
	connect_belt(w);
	(void)lives(w);
}

void process_turn(struct world *w)
{
	struct scheduler *s = &w->s;
	int64_t next = INT64_MAX, overdue = INT64_MAX;

	if (clock_monotonic() < w->retry_at) {
		w->next = w->retry_at;
		return;
	}
	if (w->belt.queue.result_count > 0 && w->belt.waits)
		s->results_there = true;
	bool had_belt = s->belt_state != BELT_GONE;
	bool well = !turn(s) && !handover_next(s, &next) && !calls_next(s, &overdue);
	if (!lives(w))
		return;
	if (!well) {
		forget_marks(w);
		w->next = w->retry_at = clock_monotonic() + RETRY_MS;
		return;
	}
	if (had_belt && s->belt_state == BELT_GONE)
		drop_belt(w);
	if (s->belt_state == BELT_RUNNING && w->belt.connected && !w->disturbed)
		model_turned(w);
	w->next = next < overdue ? next : overdue;
	if (s->more)
		w->next = clock_monotonic();
}
