#include "test/sim/world.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "dispatcher/scheduler/calls.h"
#include "dispatcher/scheduler/compare.h"
#include "dispatcher/scheduler/handover.h"
#include "dispatcher/scheduler/turn.h"
#include "test/sim/model.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	RETRY_MS = 1000,
	RECONNECT_MS = 500,
	CALM_TURNS = 250,
};

/* the clock */

static int64_t wall, monotonic;

static int64_t read_wall(void)
{
	return wall;
}

static int64_t read_monotonic(void)
{
	return monotonic;
}

static void pass_time(int64_t ms)
{
	wall += ms;
	monotonic += ms;
}

/* Tokens are texts in the jobs, and nothing here reads them. */
void token_make(const struct token_keys *keys, int64_t broadcast, int64_t person, char *text)
{
	(void)keys, (void)broadcast, (void)person;
	*text = '\0';
}

void token_make_call(const struct token_keys *keys, int64_t attempt, char *text)
{
	(void)keys, (void)attempt;
	*text = '\0';
}

static void tell(struct world *w, const char *format, ...) PRINTF(2, 3);
static void tell(struct world *w, const char *format, ...)
{
	char text[160];
	va_list arguments;

	if (!w->story)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	buf_format(w->story, "; %s", text);
}

/* the scheduler's process */

static void drop_belt(struct world *w)
{
	belt_disconnect(&w->belt);
	w->s.belt_state = BELT_GONE;
	w->reconnect_at = monotonic + RECONNECT_MS;
}

static void bury_scheduler(struct world *w)
{
	tell(w, "the scheduler is dead");
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
		bury_scheduler(w);
	return w->up;
}

/* Those who are idle have noticed by the time that the belt is made anew. */
static void report_all(struct world *w, struct worker *worker);

static void settle(struct world *w)
{
	for (int i = 0; i < WORKERS; i++)
		if (w->workers[i].alive && w->workers[i].count == 0)
			report_all(w, &w->workers[i]);
}

static void connect_belt(struct world *w)
{
	if (monotonic < w->reconnect_at)
		return;
	if (!belt_connect(&w->belt) || !compare_on_connect(&w->s))
		drop_belt(w);
}

static bool recall_from_dead_channels(struct world *w)
{
	struct scheduler *s = &w->s;

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		struct pacer *p = &s->pacers[c];
		pacing_listen(p, monotonic);
		w->outage_seen |= p->down;
		if (!p->recall)
			continue;
		if (!compare_recall(s, (enum channel)c))
			return false;
		p->recall = p->probing = false;
		w->next = monotonic;
	}
	return true;
}

/* As the scheduler's loop does it (dispatcher/scheduler/loop.c). */
static void look(struct world *w)
{
	struct scheduler *s = &w->s;
	bool kept = true;

	if (s->belt_state == BELT_GONE) {
		connect_belt(w);
	} else if (s->belt_state == BELT_SETTLING) {
		if (monotonic >= s->settled_at) {
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

static void start(struct world *w)
{
	if (w->up)
		return;
	tell(w, "the scheduler is started");
	w->s = (struct scheduler){.settings = &w->settings, .store = &w->store, .belt = &w->belt};
	w->up = true;
	w->retry_at = w->reconnect_at = 0;
	turn_set_paces(&w->s);
	w->s.monotonic = monotonic;
	if (handover_begin(&w->s)) {
		w->faults.dead = true; /* it gives up, and is started again */
		bury_scheduler(w);
		return;
	}
	connect_belt(w);
	(void)lives(w);
}

static void make_turn(struct world *w)
{
	struct scheduler *s = &w->s;
	int64_t next = INT64_MAX, overdue = INT64_MAX;

	if (monotonic < w->retry_at) {
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
		w->next = w->retry_at = monotonic + RETRY_MS;
		return;
	}
	if (had_belt && s->belt_state == BELT_GONE)
		drop_belt(w);
	if (s->belt_state == BELT_RUNNING && w->belt.connected && !w->disturbed)
		model_turned(w);
	w->next = next < overdue ? next : overdue;
	if (s->more)
		w->next = monotonic;
}

/* workers */

static bool is_stopped(const struct world *w, int64_t attempt)
{
	const struct twin_attempt *a = &w->store.now.attempts[attempt - 1];
	int64_t b = delivery_broadcast(a->is.delivery) - 1;
	const struct queue_twin *q = &w->belt.queue;

	return q->halted[b] || q->stops[b] & 1u << delivery_ordinal(a->is.delivery);
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

static void report_all(struct world *w, struct worker *worker)
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
	tell(w, "attempt %" PRId64 "%s", entry->attempt, h->report.outcome ? " is not wanted" : "");
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

static void claim(struct world *w, struct worker *worker, int most)
{
	if (worker->count > 0)
		return;
	if (!worker->alive)
		worker->alive = worker->own_first = true;
	const struct stream_twin *streams = w->belt.queue.streams[worker->channel];
	if (!streams[0].there || !streams[1].there) {
		report_all(w, worker);
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
	tell(w, "attempt %" PRId64 " %s", r->attempt, outcome_name(r->outcome));
	model_sends(w, r->attempt, h->arrived);
}

/* The next that is not dealt with. Where the channel is down all that are left are not. */
static void deliver(struct world *w, struct worker *worker, int dice, bool look_again)
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

enum reporting { REPORT_ONCE, REPORT_TWICE, REPORT_LATE, REPORTINGS };

static void report(struct world *w, struct worker *worker, enum reporting how)
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
static void die(struct world *w, struct worker *worker)
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
	w->disturbed = true;
}

static void empty_queue(struct world *w)
{
	int newest = w->belt.queue.result_newest;

	lose_queue(w, true);
	w->belt.queue = (struct queue_twin){.result_newest = newest};
}

/* All connections break with it, and workers first take what stands under their name. */
static void put_back_queue(struct world *w, const struct queue_twin *with)
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

static void lose_result(struct world *w, int which)
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

static void swap_results(struct world *w, int which)
{
	struct queue_twin *q = &w->belt.queue;

	if (q->result_count < 2)
		return;
	struct report *a = &q->results[which % (q->result_count - 1)], swapped = a[0];
	a[0] = a[1];
	a[1] = swapped;
}

/* people */

static void reply(struct world *w, int who, int choice)
{
	struct store *t = &w->store;

	if (t->reply_count == FACTS_MOST)
		return;
	struct reply_fact *fact = &t->replies[t->reply_count++];
	*fact = (struct reply_fact){
		.id = t->reply_count,
		.broadcast = 1 + who / t->people_count % t->now.broadcast_count,
		.person = 1 + who % t->people_count,
		.at = wall,
	};
	snprintf(fact->choice, sizeof fact->choice, "%s", twin_choice(choice % CHOICES));
	tell(w, "person %" PRId64 " of broadcast %" PRId64, fact->person, fact->broadcast);
}

static void control(struct world *w, int broadcast, enum control_verb verb)
{
	struct store *t = &w->store;

	if (t->control_count == FACTS_MOST)
		return;
	struct control_fact *fact = &t->controls[t->control_count++];
	*fact = (struct control_fact){
		.id = t->control_count,
		.broadcast = 1 + broadcast % t->now.broadcast_count,
		.verb = verb,
	};
	tell(w, "%s broadcast %" PRId64, control_verb_name(verb), fact->broadcast);
}

static void ask(struct world *w)
{
	struct twin_data *t = &w->store.now;

	if (t->broadcast_count == BROADCASTS_MOST)
		return;
	struct broadcast *b = &t->broadcasts[t->broadcast_count++];
	*b = (struct broadcast){
		.id = t->broadcast_count,
		.kind = KIND_SAFETY,
		.state = BROADCAST_REQUESTED,
		.lane = t->broadcast_count == 1,
		.channels = CHANNELS_ALL,
		.policy = w->setup->policy,
		.targeted = w->store.people_count,
		.requested_at = wall,
		.expires_at = wall + w->setup->lifetime,
	};
}

/* The provider: `status` of one of the calls there were, whether it has been told already or not. */
static void tell_of_call(struct world *w, int which, enum call_status status)
{
	struct store *t = &w->store;

	if (w->call_count == 0 || t->call_count == FACTS_MOST)
		return;
	which %= w->call_count;
	struct call_event *fact = &t->calls[t->call_count++];
	*fact = (struct call_event){
		.id = t->call_count,
		.attempt = w->calls[which].attempt,
		.status = status,
		.at = wall,
	};
	snprintf(fact->sid, sizeof fact->sid, "call%d", which + 1);
	w->calls[which].over |= call_outcome(status, "") != OUTCOME_NONE;
	tell(w, "call %d of attempt %" PRId64 " is %s", which + 1, fact->attempt,
	     call_status_name(status));
}

/* events */

static int64_t time_of(const struct world *w, int kind, int size)
{
	int64_t left = w->up && w->next != INT64_MAX ? w->next - monotonic : 0;

	switch (kind % 6) {
	case 0:
	case 1:
		return left > 0 && left < HOUR ? left : 1;
	case 2:
		return size % SECOND;
	case 3:
		return SECOND;
	case 4:
		return 5 * SECOND;
	default:
		return MINUTE;
	}
}

static void look_or_turn(struct world *w, enum happening what)
{
	start(w);
	if (w->up && what == HAPPENS_LOOK)
		look(w);
	else if (w->up)
		make_turn(w);
}

static void trouble(struct world *w, const struct event *e)
{
	static const int64_t jumps[] = {HOUR, -HOUR, 3 * SECOND, -3 * SECOND};

	switch ((int)e->what) {
	case HAPPENS_OUTAGE: {
		bool *down = &w->down[1 + e->a % (CHANNEL_END - 1)];
		*down = !*down;
		tell(w, "%s %s", channel_name((enum channel)(1 + e->a % (CHANNEL_END - 1))),
		     *down ? "down" : "up");
		break;
	}
	case HAPPENS_EMPTY:
		empty_queue(w);
		break;
	case HAPPENS_COPY:
		w->copy = w->belt.queue;
		w->copied = true;
		break;
	case HAPPENS_PUT_BACK:
		if (w->copied)
			put_back_queue(w, &w->copy);
		break;
	case HAPPENS_LOSE:
		lose_result(w, e->a);
		break;
	case HAPPENS_KILL:
		w->faults.dies_in = 1 + e->a % 60;
		w->faults.partly = e->b;
		break;
	case HAPPENS_BREAK:
		w->faults.belt_breaks_in = 1 + e->a % 20;
		w->faults.partly = e->b;
		break;
	case HAPPENS_FAIL:
		w->faults.store_fails_in = 1 + e->a % 40;
		w->faults.fails_for = 1 + e->b % 3;
		break;
	case HAPPENS_CLOCK:
		wall += jumps[e->a % (int)LENGTH(jumps)];
		break;
	case HAPPENS_GONE:
		w->store.people[e->a % w->store.people_count].gone |= 1u << (1 + e->b % 3);
		break;
	default:
		break;
	}
}

static void happen(struct world *w, const struct event *e)
{
	struct worker *worker = &w->workers[e->a % WORKERS];

	switch ((int)e->what) {
	case HAPPENS_TURN:
	case HAPPENS_LOOK:
		look_or_turn(w, e->what);
		break;
	case HAPPENS_TIME:
		pass_time(time_of(w, e->a, e->b));
		break;
	case HAPPENS_CLAIM:
		claim(w, worker, 1 + e->b % BATCH_MOST);
		break;
	case HAPPENS_DELIVER:
		deliver(w, worker, e->b, e->b / 8 % 4 > 0);
		break;
	case HAPPENS_REPORT:
		report(w, worker, (enum reporting)(e->b % 8 < 6 ? 0 : e->b % 8 - 5));
		break;
	case HAPPENS_DIE:
		die(w, worker);
		break;
	case HAPPENS_REPLY:
		reply(w, e->a, e->b);
		break;
	case HAPPENS_CONTROL:
		control(w, e->a, (enum control_verb)(1 + e->b % (CONTROL_END - 1)));
		break;
	case HAPPENS_ASK:
		ask(w);
		break;
	case HAPPENS_CALL:
		tell_of_call(w, e->a, (enum call_status)(1 + e->b % (CALL_END - 1)));
		break;
	case HAPPENS_AGAIN:
		if (worker->alive)
			report_all(w, worker);
		break;
	case HAPPENS_SWAP:
		swap_results(w, e->a);
		break;
	default:
		trouble(w, e);
		break;
	}
}

/* the end */

static bool is_over(const struct world *w)
{
	const struct twin_data *t = &w->store.now;
	bool over = w->store.reply_count == t->replies_seen &&
		    w->store.control_count == t->controls_seen;

	for (int i = 0; i < t->broadcast_count; i++)
		over = over && t->broadcasts[i].state >= BROADCAST_FINISHED &&
		       t->broadcasts[i].sweep == 0;
	for (int i = 0; i < t->attempt_count; i++)
		over = over && t->attempts[i].outcome;
	return over;
}

static void all_work(struct world *w)
{
	for (int i = 0; i < WORKERS; i++) {
		struct worker *worker = &w->workers[i];
		claim(w, worker, BATCH_MOST);
		for (int k = 0; k < BATCH_MOST; k++)
			deliver(w, worker, 0, true);
		report(w, worker, REPORT_ONCE);
	}
	for (int i = 0; i < w->call_count && w->store.call_count < FACTS_MOST; i++)
		if (!w->calls[i].over)
			tell_of_call(w, i, CALL_NO_ANSWER);
}

static void wait_calmly(struct world *w)
{
	int64_t left = w->up ? w->next - monotonic : 1;
	bool out = w->s.belt_state != BELT_RUNNING || w->disturbed;

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		out |= w->s.pacers[c].out > 0;
	if (w->next == INT64_MAX || (out && left > SECOND))
		left = SECOND;
	if (left > 0)
		pass_time(left);
}

/* From now on nothing goes wrong: all must come to its end. */
static void calm_down(struct world *w)
{
	memset(w->down, 0, sizeof w->down);
	w->faults = (struct faults){0};
	for (int b = 0; b < w->store.now.broadcast_count; b++)
		control(w, b, CONTROL_RESUME);
	for (int i = 0; !w->fault; i++) {
		if (i == CALM_TURNS) {
			model_fault(w, "it does not come to an end");
			return;
		}
		look_or_turn(w, HAPPENS_LOOK);
		look_or_turn(w, HAPPENS_TURN);
		if (is_over(w))
			break;
		all_work(w);
		wait_calmly(w);
	}
	if (!w->fault)
		model_ended(w);
}

/* begin */

static void populate(struct world *w, const struct setup *setup)
{
	struct store *t = &w->store;

	t->people_count = setup->people;
	for (int i = 0; i < setup->people; i++) {
		t->people[i].plan = plan_pack(&setup->plans[i]);
		for (int k = 0; k < (int)LENGTH(t->people[i].telephones); k++)
			t->people[i].telephones[k] = setup->shared && i < 2 ? k : 10 * (i + 1) + k;
		t->now.devices[i] = true;
	}
}

static void begin(struct world *w, const struct setup *setup, struct buf *story)
{
	static const enum channel channels[WORKERS] = {CHANNEL_MAIL, CHANNEL_MAIL, CHANNEL_VOICE,
						       CHANNEL_PUSH};
	static const struct clock_source source = {read_wall, read_monotonic};
	static char nothing[] = "";

	memset(w, 0, offsetof(struct world, store));
	memset(&w->store, 0, offsetof(struct store, now));
	memset(&w->store.now, 0, offsetof(struct twin_data, attempts));
	wall = INT64_C(1800000000000);
	monotonic = INT64_C(1000000);
	clock_replace(&source);
	w->setup = setup;
	w->story = story;
	w->next = INT64_MAX;
	w->disturbed = true; /* a queue that has never been */
	w->settings = (struct settings){
		.tenko_organisation = nothing,
		.reply_base_url = nothing,
		.reply_inside_url = nothing,
		.voice_ring_timeout = 30 * SECOND,
		.voice_longest_talk = 60 * SECOND,
		.voice_grace = 30 * SECOND,
		.pacing_mail_window = setup->windows[CHANNEL_MAIL],
		.pacing_voice_window = setup->windows[CHANNEL_VOICE],
		.pacing_push_window = setup->windows[CHANNEL_PUSH],
		.pacing_mail_rate = setup->rate,
		.pacing_outage_backoff = SECOND,
		.pacing_outage_backoff_most = 8 * SECOND,
		.pacing_outage_after = MINUTE,
	};
	w->store.faults = w->belt.faults = &w->faults;
	w->store.world = w->belt.world = w;
	for (int i = 0; i < WORKERS; i++)
		w->workers[i] = (struct worker){.channel = channels[i], .alive = true};
	populate(w, setup);
	ask(w);
}

const char *happening_words(enum happening what)
{
#define X(symbol, words) words,
	static const char *const names[] = {HAPPENINGS(X)};
#undef X
	return names[what];
}

const char *world_run(const struct schedule *schedule, struct buf *story)
{
	static struct world world;
	struct world *w = &world;

	begin(w, &schedule->setup, story);
	for (int i = 0; !w->fault && i < schedule->count; i++) {
		if (story)
			buf_format(story, "\n  %2d  %s", i + 1,
				   happening_words(schedule->events[i].what));
		happen(w, &schedule->events[i]);
	}
	if (story && !w->fault)
		buf_text_add(story, "\n      from here on nothing goes wrong");
	if (!w->fault)
		calm_down(w);
	if (w->up)
		bury_scheduler(w);
	clock_replace(NULL);
	return w->fault;
}
