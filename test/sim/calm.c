#include "test/sim/calm.h"

#include "common/base/clock.h"
#include "test/sim/crew.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_WAIT = 1000, ROUNDS_MOST = 2000000 };

struct calm_state {
	const struct calm *calm;
	struct world *w;
	int64_t began;
	int64_t busy_until[WORKERS]; /* 0: idle */
	int64_t call_ends[CALLS_MOST];
	int calls_seen;
	int64_t over_at[BROADCASTS_MOST];
	bool looked;
	bool stirred; /* somebody else has something to do before time passes */
};

static int64_t since(const struct calm_state *s)
{
	return clock_monotonic() - s->began;
}

static void work(struct calm_state *s, int i)
{
	struct worker *worker = &s->w->workers[i];
	int64_t takes = s->calm->attempt_ms[worker->channel];

	if (s->busy_until[i] && clock_monotonic() >= s->busy_until[i]) {
		crew_deliver(s->w, worker, 0, false);
		crew_report(s->w, worker, REPORT_ONCE);
		s->busy_until[i] = 0;
		s->stirred = true;
	}
	if (!s->busy_until[i] && worker->count == 0) {
		crew_claim(s->w, worker, 1);
		/* A call is placed at once, and ends later. */
		if (worker->count > 0)
			s->busy_until[i] =
				clock_monotonic() + (worker->channel == CHANNEL_VOICE ? 0 : takes);
	}
}

static void end_calls(struct calm_state *s)
{
	for (; s->calls_seen < s->w->call_count; s->calls_seen++)
		s->call_ends[s->calls_seen] =
			clock_monotonic() + s->calm->attempt_ms[CHANNEL_VOICE];
	for (int i = 0; i < s->calls_seen; i++)
		if (!s->w->calls[i].over && s->call_ends[i] <= clock_monotonic()) {
			world_tell_of_call(s->w, i, CALL_NO_ANSWER);
			s->stirred = true;
		}
}

/* The time until the next that will happen by itself. */
static int64_t time_left(const struct calm_state *s)
{
	int64_t now = clock_monotonic(), next = now + LONGEST_WAIT;

	if (s->w->next < next)
		next = s->w->next;
	for (int i = 0; i < WORKERS; i++)
		if (s->busy_until[i] && s->busy_until[i] < next)
			next = s->busy_until[i];
	for (int i = 0; i < s->calls_seen; i++)
		if (!s->w->calls[i].over && s->call_ends[i] < next)
			next = s->call_ends[i];
	return next > now ? next - now : 0;
}

static bool note_ends(struct calm_state *s)
{
	const struct twin_data *t = &s->w->store.now;
	bool all = t->broadcast_count > (s->calm->second_after_ms > 0);

	for (int i = 0; i < t->broadcast_count; i++) {
		bool over = t->broadcasts[i].state >= BROADCAST_FINISHED;
		if (over && !s->over_at[i])
			s->over_at[i] = since(s);
		all = all && over;
	}
	return all;
}

static void happenings(struct calm_state *s)
{
	const struct calm *calm = s->calm;

	if (calm->second_after_ms && s->w->store.now.broadcast_count == 1 &&
	    since(s) >= calm->second_after_ms)
		world_ask(s->w);
	if (calm->look_after_ms && !s->looked && since(s) >= calm->look_after_ms) {
		calm->look(s->w, calm->arg);
		s->looked = true;
	}
}

/* when who was tried */

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The first pass of the first step. */
static bool is_first_contact(const struct world *w, const struct twin_attempt *a)
{
	const struct delivery *d = twin_delivery((struct store *)&w->store, a->is.delivery);
	const struct plan plan = plan_unpack(d->plan);

	return a->is.round == 1 && a->is.attempt_no == 1 &&
	       a->is.dial_order == plan.step[0].dial_order;
}

static void sum_up(const struct calm_state *s, int64_t broadcast, struct calm_end *end)
{
	const struct twin_data *t = &s->w->store.now;
	int64_t tried[PEOPLE_MOST] = {0};
	int people = 0;

	for (int i = 0; i < t->attempt_count; i++) {
		const struct twin_attempt *a = &t->attempts[i];
		int64_t ordinal = delivery_ordinal(a->is.delivery);
		int64_t at = a->ended_at - s->began;
		if (delivery_broadcast(a->is.delivery) == broadcast && is_first_contact(s->w, a) &&
		    at > tried[ordinal])
			tried[ordinal] = at;
	}
	for (int i = 0; i < s->w->store.people_count; i++)
		if (tried[i])
			tried[people++] = tried[i];
	qsort(tried, (size_t)people, sizeof tried[0], by_size);
	*end = (struct calm_end){
		.half = tried[(people * 50 + 99) / 100 - 1],
		.most = tried[(people * 90 + 99) / 100 - 1],
		.first = tried[people - 1],
		.all = s->over_at[broadcast - 1],
	};
}

const char *calm_run(const struct calm *calm, struct calm_end ends[BROADCASTS_MOST])
{
	static struct world world;
	static struct calm_state state;
	struct calm_state *s = &state;
	struct world *w = &world;

	world_begin(w, &calm->setup, NULL);
	w->settings.pacing_mail_rate = calm->rates[CHANNEL_MAIL];
	w->settings.pacing_voice_rate = calm->rates[CHANNEL_VOICE];
	w->settings.pacing_push_rate = calm->rates[CHANNEL_PUSH];
	*s = (struct calm_state){.calm = calm, .w = w, .began = clock_monotonic()};
	for (int round = 0; !w->fault && !note_ends(s); round++) {
		happenings(s);
		world_look_or_turn(w, HAPPENS_LOOK);
		world_look_or_turn(w, HAPPENS_TURN);
		for (int i = 0; i < WORKERS; i++)
			work(s, i);
		end_calls(s);
		int64_t left = s->stirred ? 0 : time_left(s);
		s->stirred = false;
		if (left > 0)
			world_pass_time(left);
		if (round == ROUNDS_MOST)
			w->fault = "it does not come to an end";
	}
	for (int b = 1; !w->fault && b <= w->store.now.broadcast_count; b++)
		sum_up(s, b, &ends[b - 1]);
	world_end(w);
	return w->fault;
}

/* for the forecast */

size_t calm_cohorts(const struct world *w, int64_t of, struct cohort *list)
{
	const struct twin_data *t = &w->store.now;

	for (int i = 0; i < t->delivery_count; i++) {
		const struct delivery *d = &t->deliveries[i];
		int64_t created_at = d->attempt ? t->attempts[d->attempt - 1].is.created_at : 0;
		list[i] = cohort_of(d, &t->broadcasts[d->broadcast - 1], created_at, clock_utc());
		list[i].in_the_way = d->broadcast != of;
	}
	return (size_t)t->delivery_count;
}

void calm_capacity(const struct calm *calm, struct capacity *capacity)
{
	static const int64_t workers[CHANNEL_END] = {[CHANNEL_MAIL] = 2, [CHANNEL_PUSH] = 1};

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		int64_t lines = calm->setup.windows[c];
		if (c != CHANNEL_VOICE && workers[c] < lines)
			lines = workers[c];
		capacity[c] = (struct capacity){lines, calm->rates[c], (double)calm->attempt_ms[c]};
	}
}
