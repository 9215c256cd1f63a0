#include "test/sim/model.h"

#include "common/base/clock.h"
#include "dispatcher/scheduler/lanes.h"
#include "test/sim/world.h"

#include <stdio.h>
#include <string.h>

void model_fault(struct world *w, const char *fault)
{
	if (!w->fault)
		w->fault = fault;
}

static void must(struct world *w, bool holds, const char *fault)
{
	if (!holds)
		model_fault(w, fault);
}

/* what is asked of a broadcast */

static enum broadcast_state state_after(enum broadcast_state state, enum control_verb verb)
{
	bool open = state == BROADCAST_RUNNING || state == BROADCAST_PAUSED;

	if (verb == CONTROL_CANCEL && (open || state == BROADCAST_FINISHED))
		return BROADCAST_CANCELLED;
	if (verb == CONTROL_PAUSE && open)
		return BROADCAST_PAUSED;
	if (verb == CONTROL_RESUME && state == BROADCAST_PAUSED)
		return BROADCAST_RUNNING;
	if (verb == CONTROL_REMIND && state == BROADCAST_FINISHED)
		return BROADCAST_RUNNING;
	return state;
}

/* As the controls up to `seen` have it. A broadcast that is asked for is begun before them. */
static enum broadcast_state state_by_controls(const struct world *w, int64_t broadcast,
					      int64_t seen)
{
	enum broadcast_state state = w->states[broadcast - 1];

	if (state == BROADCAST_NONE)
		state = BROADCAST_RUNNING;
	for (int64_t i = w->controls_seen; i < seen; i++)
		if (w->store.controls[i].broadcast == broadcast)
			state = state_after(state, w->store.controls[i].verb);
	return state;
}

static bool all_final(const struct twin_data *t, int64_t broadcast)
{
	bool final = true;

	for (int i = 0; i < t->delivery_count; i++)
		if (t->deliveries[i].broadcast == broadcast)
			final = final && t->deliveries[i].state != DELIVERY_WAITING &&
				t->deliveries[i].state != DELIVERY_IN_FLIGHT;
	return final;
}

static void check_broadcasts(struct world *w)
{
	const struct twin_data *t = &w->store.now;

	for (int i = 0; i < t->broadcast_count; i++) {
		const struct broadcast *b = &t->broadcasts[i];
		if (b->state == BROADCAST_REQUESTED)
			continue;
		enum broadcast_state state = state_by_controls(w, b->id, t->controls_seen);
		bool may_finish = state == BROADCAST_RUNNING || state == BROADCAST_PAUSED;
		if (b->state == BROADCAST_FINISHED && may_finish) {
			must(w, b->fanned_out && all_final(t, b->id),
			     "a broadcast is finished whose people are not");
			state = BROADCAST_FINISHED;
		}
		must(w, b->state == state, "a broadcast is not in the state that was asked for");
		w->states[i] = state;
	}
	w->controls_seen = t->controls_seen;
}

/* accounting */

static void check_totals(struct world *w)
{
	const struct twin_data *t = &w->store.now;

	for (int c = 0; c < CHANNEL_END; c++) {
		for (int o = 0; o < OUTCOME_END; o++) {
			int64_t sum = 0;
			for (int b = 0; b < t->broadcast_count; b++)
				sum += t->ended[b][c][o];
			must(w, sum == t->totals[c][o],
			     "the counters over all broadcasts are wrong");
		}
	}
}

static void check_counters(struct world *w, int64_t broadcast)
{
	const struct twin_data *t = &w->store.now;
	int b = (int)broadcast - 1, deliveries = 0;
	int64_t states[DELIVERY_STATE_END] = {0}, ended[CHANNEL_END][OUTCOME_END] = {0},
		answers[CHOICES] = {0};

	for (int i = 0; i < t->delivery_count; i++) {
		const struct delivery *d = &t->deliveries[i];
		if (d->broadcast != broadcast)
			continue;
		deliveries++;
		states[d->state]++;
		if (d->state == DELIVERY_ANSWERED)
			answers[twin_choice_number(d->choice)]++;
	}
	for (int i = 0; i < t->attempt_count; i++) {
		const struct twin_attempt *a = &t->attempts[i];
		if (a->outcome && delivery_broadcast(a->is.delivery) == broadcast)
			ended[a->is.channel][a->outcome]++;
	}
	must(w, memcmp(states, t->states[b], sizeof states) == 0,
	     "the counters of the states are wrong");
	must(w, memcmp(ended, t->ended[b], sizeof ended) == 0,
	     "the counters of the outcomes are wrong");
	must(w, memcmp(answers, t->answers[b], sizeof answers) == 0,
	     "the counters of the answers are wrong");
	if (t->broadcasts[b].fanned_out)
		must(w,
		     deliveries == w->store.people_count && t->broadcasts[b].targeted == deliveries,
		     "somebody who was targeted has no delivery");
}

static void check_pacing(struct world *w)
{
	const struct twin_data *t = &w->store.now;
	int64_t out[CHANNEL_END] = {0}, placed = 0;

	for (int i = 0; i < t->attempt_count; i++) {
		const struct twin_attempt *a = &t->attempts[i];
		if (a->outcome)
			continue;
		out[a->is.channel] += !a->is.call;
		placed += a->expected_by != 0;
	}
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		must(w, w->s.pacers[c].out == out[c], "pacing does not know how many are out");
		/* A probe of a channel that is down goes out beside it. */
		must(w, out[c] <= w->setup->windows[c] || w->outage_seen,
		     "more are out than the window allows");
	}
	must(w, w->s.pacers[CHANNEL_VOICE].placed == placed,
	     "pacing does not know how many calls are under way");
}

/* people */

static const struct reply_fact *newest_reply(const struct world *w, const struct delivery *d,
					     int64_t up_to)
{
	const struct reply_fact *newest = NULL;

	for (int64_t i = 0; i < up_to; i++)
		if (w->store.replies[i].broadcast == d->broadcast &&
		    w->store.replies[i].person == d->person)
			newest = &w->store.replies[i];
	return newest;
}

static void check_waiting(struct world *w, const struct delivery *d)
{
	struct plan plan = plan_unpack(d->plan);
	enum channel channel = CHANNEL_NONE;
	int lane = w->store.now.broadcasts[d->broadcast - 1].lane;

	must(w, d->chain.phase != PHASE_OVER, "somebody waits whose chain is over");
	if (d->chain.phase < PHASE_RESTING)
		channel = plan.step[d->chain.step].channel;
	int queue = d->queue & ~QUEUE_SHELVED;
	must(w, queue == queue_of(channel, lane, false) || queue == queue_of(channel, lane, true),
	     "somebody waits in a queue of another channel");
	must(w, d->attempt == 0, "somebody who waits has an attempt");
}

static void check_delivery(struct world *w, const struct delivery *d)
{
	const struct reply_fact *reply = newest_reply(w, d, w->store.now.replies_seen);
	const struct twin_attempt *a = twin_attempt(&w->store, d->attempt);

	if (d->state == DELIVERY_WAITING)
		check_waiting(w, d);
	if (d->state == DELIVERY_IN_FLIGHT)
		must(w, a && !a->outcome && a->is.delivery == d->id,
		     "somebody is in flight without an open attempt");
	if (reply)
		must(w, d->state == DELIVERY_ANSWERED, "a reply was taken in and did not count");
	/* The fan-out looks for replies of its own accord, ahead of the cursor. */
	if (d->state == DELIVERY_ANSWERED)
		must(w,
		     d->reply && d->reply <= w->store.reply_count &&
			     w->store.replies[d->reply - 1].person == d->person &&
			     (!reply || d->reply >= reply->id) &&
			     strcmp(d->choice, w->store.replies[d->reply - 1].choice) == 0,
		     "an answer is not the newest reply");
}

void model_committed(struct world *w)
{
	const struct twin_data *t = &w->store.now;

	check_broadcasts(w);
	for (int i = 0; i < t->broadcast_count; i++)
		check_counters(w, i + 1);
	check_totals(w);
	for (int i = 0; i < t->delivery_count; i++)
		check_delivery(w, &t->deliveries[i]);
	check_pacing(w);
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		w->outage_seen |= w->s.pacers[c].down;
	for (int i = 0; i < t->broadcast_count; i++)
		w->expired |= clock_utc() >= t->broadcasts[i].expires_at;
}

void model_moves(struct world *w, const struct delivery *from, const struct delivery *to)
{
	struct twin_data *t = &w->store.now;
	bool rested = from->chain.phase == PHASE_RESTING || from->chain.phase == PHASE_FINAL ||
		      from->chain.phase == PHASE_OVER;
	bool again = rested && to->state == DELIVERY_WAITING &&
		     (from->state == DELIVERY_EXHAUSTED || to->chain.round <= from->chain.round) &&
		     to->chain.phase != from->chain.phase;
	int reminders = 0;

	/* A plan that has nothing to try is at its end at once. */
	if (!again)
		return;
	for (int i = 0; i < w->store.control_count; i++)
		reminders += w->store.controls[i].broadcast == to->broadcast &&
			     w->store.controls[i].verb == CONTROL_REMIND;
	bool goes_on = from->state == DELIVERY_WAITING && from->chain.phase == PHASE_RESTING &&
		       to->chain.phase == PHASE_FINAL;
	if (goes_on)
		return;
	must(w, ++t->epochs[from - t->deliveries] <= reminders,
	     "somebody is tried from the beginning without a reminder");
}

/* tries */

static int passes_of(const struct world *w, enum channel channel)
{
	return w->setup->policy.retries[channel] + 1;
}

/* Where an attempt stands in the order of all of its chain. */
static int place(const struct world *w, const struct attempt *a)
{
	int extra = a->attempt_no - passes_of(w, a->channel);

	if (extra > 0)
		return a->round * 1000000 + 500000 + extra * 10000 + a->dial_order * 100 +
		       a->address_position;
	return a->round * 1000000 + a->dial_order * 10000 + a->attempt_no * 100 +
	       a->address_position;
}

static bool used_up(enum outcome outcome)
{
	return outcome != OUTCOME_NONE && outcome != OUTCOME_OUTAGE && outcome != OUTCOME_NOT_TRIED;
}

static bool went_out(enum outcome outcome)
{
	return used_up(outcome) && outcome != OUTCOME_REFUSED && outcome != OUTCOME_TEMPORARY;
}

/* The attempt before it in the same chain, or NULL. */
static const struct twin_attempt *attempt_before(const struct world *w,
						 const struct twin_attempt *a)
{
	for (int64_t id = a->is.id - 1; id >= 1; id--) {
		const struct twin_attempt *other = &w->store.now.attempts[id - 1];
		if (other->is.delivery == a->is.delivery)
			return other->epoch == a->epoch ? other : NULL;
	}
	return NULL;
}

static void check_order(struct world *w, const struct twin_attempt *a)
{
	const struct policy *p = &w->setup->policy;
	const struct twin_attempt *last = attempt_before(w, a);

	if (!last || w->outage_seen)
		return;
	int from = place(w, &last->is), to = place(w, &a->is);
	if (last->outcome == OUTCOME_NOT_TRIED) {
		must(w, from == to, "what was not tried is not tried again");
		return;
	}
	must(w, to > from, "the dial order is not kept");
	int64_t passed = clock_monotonic() - last->ended_at;
	bool same_pass = from / 100 == to / 100;
	if (a->is.round != last->is.round)
		must(w, passed >= p->round_interval, "a round begins before its time");
	else if (went_out(last->outcome) && !same_pass)
		must(w, passed >= p->retry_interval, "an attempt comes before its interval");
}

static void check_number(struct world *w, const struct twin_attempt *a)
{
	for (int i = 0; i < w->store.now.attempt_count; i++) {
		const struct twin_attempt *other = &w->store.now.attempts[i];
		bool same_call =
			a->is.call == other->is.id || (a->is.call && a->is.call == other->is.call);
		if (other != a && !other->outcome && other->is.channel == CHANNEL_VOICE &&
		    !same_call)
			must(w, strcmp(other->address, a->address) != 0,
			     "a number is called that is being called");
	}
}

void model_tries(struct world *w, const struct twin_attempt *a)
{
	const struct delivery *d = twin_delivery(&w->store, a->is.delivery);
	bool rides = a->is.call != 0;

	w->sends[a->is.id] = w->tries[a->is.id] = w->allowed[a->is.id] = 0;
	w->missed[a->is.id] = false;
	must(w, d->state == DELIVERY_WAITING, "somebody is tried who does not wait");
	must(w, d->due_at <= clock_utc(), "somebody is tried before it is due");
	must(w, !newest_reply(w, d, w->store.reply_count), "somebody is tried who has replied");
	must(w, state_by_controls(w, d->broadcast, w->store.control_count) == BROADCAST_RUNNING,
	     "somebody is tried while the broadcast does not run");
	must(w, !(d->queue & QUEUE_SHELVED), "somebody is tried who was laid aside");
	check_order(w, a);
	if (a->is.channel == CHANNEL_VOICE && *a->address && !rides)
		check_number(w, a);
}

/* on the belt */

/*
 * Window 3 once more: a scheduler that dies over the making anew leaves streams of which workers take
 * jobs, and the next one begins again.
 */
void model_makes_anew(struct world *w, enum channel channel, int lane)
{
	must(w, w->disturbed, "the queue is made anew, and nothing was lost");
	w->marking.handed_over[channel][lane] = w->marking.answered[channel][lane] =
		w->marking.to_mark[channel][lane] = 0;
	for (int i = 0; i < WORKERS; i++) {
		const struct worker *worker = &w->workers[i];
		for (int k = 0; worker->channel == channel && k < worker->count; k++)
			if (worker->batch[k].lane == lane)
				w->allowed[worker->batch[k].report.attempt]++;
	}
}

void model_stands(struct world *w, enum channel channel, int lane, int64_t attempt)
{
	w->marking.handed_over[channel][lane] = attempt;
}

void model_hands_over(struct world *w, int64_t attempt)
{
	const struct twin_attempt *a = twin_attempt(&w->store, attempt);

	must(w, !w->store.in_transaction, "a job is handed over within the transaction");
	must(w, a && (!a->outcome || w->faults.dead), "a job is handed over without its attempt");
}

static void check_marks(struct world *w)
{
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		for (int lane = 0; lane < LANES; lane++) {
			int64_t mark = w->store.now.marks[c][lane];
			int64_t last = w->belt.queue.streams[c][lane].last;
			must(w, mark >= w->marking.to_mark[c][lane],
			     "the mark of what was handed over is behind");
			must(w, mark <= last, "the mark is of more than was handed over");
			w->marking.to_mark[c][lane] = w->marking.answered[c][lane];
			w->marking.answered[c][lane] = w->marking.handed_over[c][lane];
		}
	}
}

void model_turned(struct world *w)
{
	struct twin_data *t = &w->store.now;
	const struct queue_twin *q = &w->belt.queue;

	check_marks(w);
	for (int i = 0; i < t->delivery_count; i++) {
		const struct delivery *d = &t->deliveries[i];
		bool stopped = queue_stops(q, d->id);
		bool over = t->broadcasts[d->broadcast - 1].state >= BROADCAST_FINISHED;
		must(w, over || stopped == (d->state == DELIVERY_ANSWERED),
		     "the stop marks are not those who answered");
	}
	for (int i = 0; i < t->broadcast_count; i++) {
		enum broadcast_state state = t->broadcasts[i].state;
		bool over = state >= BROADCAST_FINISHED;
		must(w, over || q->halted[i] == (state == BROADCAST_PAUSED),
		     "the mark of what is paused is wrong");
	}
	for (int i = 0; i < t->attempt_count; i++) {
		const struct twin_attempt *a = &t->attempts[i];
		bool belongs = !a->outcome && !a->is.call && !a->expected_by && !w->missed[i + 1];
		must(w, !belongs || queue_holds(q, a), "an open attempt is not in the queue");
	}
}

/* sends */

static const struct twin_attempt *call_of(struct world *w, const struct twin_attempt *a)
{
	return a->is.call ? twin_attempt(&w->store, a->is.call) : a;
}

static bool same_slot(const struct world *w, const struct twin_attempt *a,
		      const struct twin_attempt *b)
{
	return a->is.delivery == b->is.delivery && a->epoch == b->epoch &&
	       place(w, &a->is) == place(w, &b->is);
}

static void check_sends(struct world *w, const struct twin_attempt *a)
{
	int sends = 0, allowed = 1;

	for (int i = 0; i < w->store.now.attempt_count; i++) {
		const struct twin_attempt *other = &w->store.now.attempts[i];
		if (!same_slot(w, a, other))
			continue;
		sends += w->sends[call_of(w, other)->is.id];
		allowed += w->allowed[call_of(w, other)->is.id];
	}
	must(w, sends <= allowed, "a message went out twice, and no window allows it");
}

void model_sends(struct world *w, int64_t attempt, bool arrives)
{
	if (!twin_attempt(&w->store, attempt)) {
		model_fault(w, "a job was delivered that has no attempt");
		return;
	}
	w->tries[attempt]++;
	w->sends[attempt] += arrives;
	for (int i = 0; arrives && i < w->store.now.attempt_count; i++)
		if (call_of(w, &w->store.now.attempts[i])->is.id == attempt)
			check_sends(w, &w->store.now.attempts[i]);
}

/* the end */

static bool slot_is_done(struct world *w, const struct delivery *d, int epoch, int round,
			 const struct plan_step *step, int address, int attempt_no)
{
	for (int i = 0; i < w->store.now.attempt_count; i++) {
		const struct twin_attempt *a = &w->store.now.attempts[i];
		bool contact = a->is.delivery == d->id && a->epoch == epoch &&
			       a->is.dial_order == step->dial_order &&
			       a->is.address_position == address;
		if (contact && a->outcome == OUTCOME_REFUSED)
			return true;
		if (contact && a->is.round == round && a->is.attempt_no == attempt_no &&
		    used_up(a->outcome) && w->tries[call_of(w, a)->is.id] > 0)
			return true;
	}
	return false;
}

static void check_round(struct world *w, const struct delivery *d, int epoch, int round)
{
	struct plan plan = plan_unpack(d->plan);

	for (int i = 0; i < plan.steps; i++)
		for (int address = 1; address <= plan.step[i].addresses; address++)
			for (int no = 1; no <= passes_of(w, plan.step[i].channel); no++)
				must(w,
				     slot_is_done(w, d, epoch, round, &plan.step[i], address, no),
				     "an address was left out of somebody who did not answer");
}

void model_ended(struct world *w)
{
	const struct twin_data *t = &w->store.now;

	for (int i = 0; i < t->delivery_count; i++) {
		const struct delivery *d = &t->deliveries[i];
		bool replied = newest_reply(w, d, w->store.reply_count);
		must(w, replied == (d->state == DELIVERY_ANSWERED),
		     "at the end a reply does not count");
		if (d->state != DELIVERY_EXHAUSTED || w->expired)
			continue;
		int first = w->outage_seen ? w->setup->policy.rounds : 1;
		for (int round = first; round <= w->setup->policy.rounds; round++)
			check_round(w, d, t->epochs[i], round);
	}
}
