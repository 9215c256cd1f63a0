#include "test/sim/crew.h"

#include "test/sim/model.h"

#include <inttypes.h>
#include <string.h>

static bool is_stopped(const struct world *w, int64_t attempt)
{
	int64_t delivery = w->store.now.attempts[attempt - 1].is.delivery;
	const struct queue_twin *q = &w->belt.queue;

	return q->halted[delivery_broadcast(delivery) - 1] || queue_stops(q, delivery);
}

static void keep(struct worker *worker, const struct held *h, bool sent)
{
	if (worker->recent_count == RECENT_MOST) {
		memmove(worker->recent, worker->recent + 1,
			(RECENT_MOST - 1) * sizeof worker->recent[0]);
		worker->recent_count--;
	}
	worker->recent[worker->recent_count++] =
		(struct kept){h->report, h->lane, sent, h->arrived};
}

static bool room_for_results(const struct world *w)
{
	return w->belt.queue.result_count < RESULTS_MOST;
}

static void report_kept(struct world *w, struct worker *worker, bool unsent_only)
{
	for (int i = 0; i < worker->recent_count && room_for_results(w); i++) {
		struct kept *k = &worker->recent[i];
		const struct twin_attempt *a = twin_attempt(&w->store, k->report.attempt);
		/* What is closed would be passed over: left out, so that the world stays small. */
		if (k->sent && (unsent_only || a->outcome))
			continue;
		queue_report(&w->belt.queue, worker->channel, k->lane, &k->report);
		k->sent = true;
	}
}

void crew_report_all(struct world *w, struct worker *worker)
{
	report_kept(w, worker, false);
}

static void take(struct world *w, struct worker *worker, int lane, struct entry *entry)
{
	struct held *h = &worker->batch[worker->count++];

	entry->holder = (int)(worker - w->workers);
	*h = (struct held){.report = {.attempt = entry->attempt}, .lane = lane};
	if (is_stopped(w, entry->attempt) || !w->belt.queue.content[entry->broadcast - 1])
		h->report.outcome = OUTCOME_NOT_TRIED;
	world_tell(w, "attempt %" PRId64 "%s", entry->attempt,
		   h->report.outcome ? " is not wanted" : "");
}

enum taking { TAKE_NEW, TAKE_OWN, TAKE_ABANDONED };

static void take_some(struct world *w, struct worker *worker, enum taking what, int most)
{
	for (int lane = 0; lane < LANES; lane++) {
		struct stream_twin *stream = &w->belt.queue.streams[worker->channel][lane];
		for (int i = 0; i < stream->count && worker->count < most; i++) {
			int holder = stream->list[i].holder;
			bool own = holder == (int)(worker - w->workers);
			bool left = holder != NOBODY && !own && !w->workers[holder].alive;
			bool fits = what == TAKE_NEW   ? holder == NOBODY
				    : what == TAKE_OWN ? own
						       : left;
			if (fits)
				take(w, worker, lane, &stream->list[i]);
		}
	}
}

void crew_claim(struct world *w, struct worker *worker, int most)
{
	if (worker->count > 0)
		return;
	if (!worker->alive)
		worker->alive = worker->own_first = true;
	const struct stream_twin *streams = w->belt.queue.streams[worker->channel];
	if (!streams[0].there || !streams[1].there) {
		crew_report_all(w, worker);
		return;
	}
	report_kept(w, worker, true);
	if (worker->own_first)
		take_some(w, worker, TAKE_OWN, most);
	worker->own_first = worker->count >= most;
	if (worker->count == 0)
		take_some(w, worker, TAKE_ABANDONED, most);
	if (worker->count == 0)
		take_some(w, worker, TAKE_NEW, most);
}

static enum outcome outcome_of(enum channel channel, int dice)
{
	static const enum outcome written[] = {OUTCOME_DELIVERED, OUTCOME_DELIVERED,
					       OUTCOME_DELIVERED, OUTCOME_REFUSED,
					       OUTCOME_TEMPORARY, OUTCOME_UNKNOWN};
	static const enum outcome spoken[] = {OUTCOME_PLACED,    OUTCOME_PLACED,
					      OUTCOME_PLACED,    OUTCOME_REFUSED,
					      OUTCOME_TEMPORARY, OUTCOME_NO_ANSWER};

	return (channel == CHANNEL_VOICE ? spoken : written)[dice % (int)LENGTH(written)];
}

static void place_call(struct world *w, struct report *report)
{
	if (w->call_count == CALLS_MOST)
		return;
	w->calls[w->call_count++] = (struct call_twin){.attempt = report->attempt};
	report->call = w->call_count;
}

static void send_one(struct world *w, struct worker *worker, struct held *h, int dice)
{
	struct report *r = &h->report;

	r->outcome = outcome_of(worker->channel, dice);
	if (r->outcome == OUTCOME_PLACED)
		place_call(w, r);
	if (worker->channel == CHANNEL_PUSH && r->outcome == OUTCOME_REFUSED)
		r->device_gone = (int)w->store.now.deliveries[0].person;
	h->arrived = r->outcome != OUTCOME_REFUSED && r->outcome != OUTCOME_TEMPORARY;
	world_tell(w, "attempt %" PRId64 " %s", r->attempt, outcome_name(r->outcome));
	model_sends(w, r->attempt, h->arrived);
}

/* The next that is not dealt with. Where the channel is down all that are left are not. */
void crew_deliver(struct world *w, struct worker *worker, int dice, bool look_again)
{
	for (int i = 0; i < worker->count; i++) {
		struct held *h = &worker->batch[i];
		if (h->report.outcome)
			continue;
		if (look_again && is_stopped(w, h->report.attempt)) {
			h->report.outcome = OUTCOME_NOT_TRIED;
			return;
		}
		if (!w->down[worker->channel]) {
			send_one(w, worker, h, dice);
			return;
		}
		h->report.outcome = OUTCOME_OUTAGE;
		w->outage_seen = true;
	}
}

void crew_report(struct world *w, struct worker *worker, enum reporting how)
{
	bool done = true;

	for (int i = 0; i < worker->count; i++)
		done = done && worker->batch[i].report.outcome;
	if (!done || !room_for_results(w) || w->belt.queue.result_count > RESULTS_MOST - 16)
		return;
	for (int i = 0; i < worker->count; i++) {
		const struct held *h = &worker->batch[i];
		for (int n = how == REPORT_LATE ? 0 : how == REPORT_TWICE ? 2 : 1; n > 0; n--)
			queue_report(&w->belt.queue, worker->channel, h->lane, &h->report);
		keep(worker, h, how != REPORT_LATE);
	}
	worker->count = 0;
}

static bool is_reported(const struct world *w, int64_t attempt)
{
	const struct queue_twin *q = &w->belt.queue;

	for (int i = 0; i < q->result_count; i++)
		if (q->results[i].attempt == attempt)
			return true;
	return false;
}

/* Window 1: what was sent and is not reported goes out again; or not any more, window 4. */
void crew_die(struct world *w, struct worker *worker)
{
	for (int i = 0; i < worker->count; i++)
		w->allowed[worker->batch[i].report.attempt] += worker->batch[i].arrived;
	for (int i = 0; i < worker->recent_count; i++)
		if (!is_reported(w, worker->recent[i].report.attempt))
			w->allowed[worker->recent[i].report.attempt] += worker->recent[i].arrived;
	*worker = (struct worker){.channel = worker->channel};
}

/* the queue */

/* Whether somebody will report it again before the queue is made anew. */
static bool will_be_told(const struct world *w, int64_t attempt)
{
	for (int i = 0; i < WORKERS; i++) {
		const struct worker *worker = &w->workers[i];
		for (int k = 0; worker->count == 0 && k < worker->recent_count; k++)
			if (worker->recent[k].report.attempt == attempt)
				return true;
	}
	return false;
}

/* Windows 3 and 4 of ARCHITECTURE.md; after a put-back nobody sees that results are missing. */
static void lose_queue(struct world *w, bool seen)
{
	const struct queue_twin *q = &w->belt.queue;

	for (int i = 0; i < WORKERS; i++)
		for (int k = 0; k < w->workers[i].count; k++)
			w->allowed[w->workers[i].batch[k].report.attempt]++;
	for (int i = 0; i < q->result_count; i++)
		if (!seen || !will_be_told(w, q->results[i].attempt))
			w->allowed[q->results[i].attempt]++;
	w->marking = (struct marking){0};
	w->disturbed = true;
}

void queue_empty(struct world *w)
{
	int newest = w->belt.queue.result_newest;

	lose_queue(w, true);
	w->belt.queue = (struct queue_twin){.result_newest = newest};
}

/* All connections break with it, and workers first take what stands under their name. */
void queue_put_back(struct world *w, const struct queue_twin *with)
{
	int newest = w->belt.queue.result_newest;

	lose_queue(w, false);
	for (int i = 0; i < WORKERS; i++)
		w->workers[i].own_first = true;
	w->belt.connected = false;
	/* Window 5: what stands in an old copy goes out again, if it has gone out since. */
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		for (int lane = 0; lane < LANES; lane++)
			for (int i = 0; i < with->streams[c][lane].count; i++)
				w->allowed[with->streams[c][lane].list[i].attempt]++;
	w->belt.queue = *with;
	w->belt.queue.result_newest = newest;
}

void queue_lose_result(struct world *w, int which)
{
	struct queue_twin *q = &w->belt.queue;

	if (q->result_count == 0)
		return;
	which %= q->result_count;
	int64_t attempt = q->results[which].attempt;
	w->allowed[attempt]++;
	w->missed[attempt] = true;
	q->result_count--;
	memmove(&q->results[which], &q->results[which + 1],
		(size_t)(q->result_count - which) * sizeof q->results[0]);
	memmove(&q->result_ids[which], &q->result_ids[which + 1],
		(size_t)(q->result_count - which) * sizeof q->result_ids[0]);
}

void queue_swap_results(struct world *w, int which)
{
	struct queue_twin *q = &w->belt.queue;

	if (q->result_count < 2)
		return;
	struct report *a = &q->results[which % (q->result_count - 1)], swapped = a[0];
	a[0] = a[1];
	a[1] = swapped;
}
