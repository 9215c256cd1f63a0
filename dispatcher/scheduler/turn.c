#include "dispatcher/scheduler/turn.h"

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "dispatcher/scheduler/bounces.h"
#include "dispatcher/scheduler/calls.h"
#include "dispatcher/scheduler/fanout.h"
#include "dispatcher/scheduler/handover.h"
#include "dispatcher/scheduler/intake.h"
#include "dispatcher/scheduler/outcomes.h"
#include "dispatcher/scheduler/sweep.h"
#include "dispatcher/scheduler/timekeeping.h"

#include <inttypes.h>
#include <string.h>

void turn_set_paces(struct scheduler *s)
{
	const struct settings *c = s->settings;
	const struct {
		int64_t window, rate;
	} paces[CHANNEL_END] = {
		[CHANNEL_MAIL] = {c->pacing_mail_window, c->pacing_mail_rate},
		[CHANNEL_VOICE] = {c->pacing_voice_window, c->pacing_voice_rate},
		[CHANNEL_PUSH] = {c->pacing_push_window, c->pacing_push_rate},
	};

	for (int i = CHANNEL_NONE + 1; i < CHANNEL_END; i++)
		s->pacers[i].pace = (struct pace){
			.window = paces[i].window,
			.rate = paces[i].rate,
			.backoff = c->pacing_outage_backoff,
			.backoff_most = c->pacing_outage_backoff_most,
			.silence = c->pacing_outage_after,
		};
}

/* the transaction */

static enum store_status store_marks(struct scheduler *s)
{
	enum store_status status = STORE_OK;

	for (int c = CHANNEL_NONE + 1; s->marks_changed && c < CHANNEL_END; c++)
		for (int lane = 0; !status && lane < LANES; lane++)
			if (s->marks[c][lane])
				status = handover_mark_set(s->store, (enum channel)c, lane,
							   s->marks[c][lane]);
	if (!status)
		s->marks_changed = false;
	return status;
}

bool turn_fine(const struct scheduler *s, enum store_status status)
{
	if (status)
		log_error("store.failed", "error=%s", log_quote(store_error(s->store)));
	return status == STORE_OK;
}

static void forget(struct scheduler *s)
{
	runs_forget(&s->runs);
	effects_clear(&s->effects);
	memset(s->marks, 0, sizeof s->marks);
	s->marks_changed = false;
	s->clock_noted = false;
	parked_again(s);
	enum store_status status = handover_begin(s);
	if (status)
		log_error("store.failed", "error=%s", log_quote(store_error(s->store)));
}

enum store_status turn_transaction(struct scheduler *s,
				   enum store_status (*body)(struct scheduler *s, void *arg),
				   void *arg)
{
	enum store_status status = store_begin(s->store);

	/* Behind the wait for the store: no fact that is read now is newer than its time. */
	s->now = clock_utc();
	s->monotonic = clock_monotonic();
	if (!status && !s->counted)
		status = handover_begin(s);
	if (!status)
		status = timekeeping_turn(s);
	if (!status)
		status = body(s, arg);
	if (!status)
		status = runs_store(&s->runs, s->store, s->now);
	crash_point(CRASH_SCHEDULER_UNCOMMITTED);
	if (!status)
		status = store_commit(s->store);
	if (status) {
		log_error("store.failed", "error=%s", log_quote(store_error(s->store)));
		store_rollback(s->store);
		forget(s);
	}
	return status;
}

/* the turn */

static void expire_runs(struct scheduler *s)
{
	for (size_t i = 0; i < s->runs.count; i++) {
		struct run *run = s->runs.list[i];
		bool open = run->b->state == BROADCAST_RUNNING || run->b->state == BROADCAST_PAUSED;
		if (open && s->now >= run->b->expires_at && run->b->fanned_out &&
		    !(run->b->sweep & SWEEP_EXPIRE)) {
			log_info("broadcast.expired", "broadcast=%" PRId64, run->b->id);
			sweep_begin(run, SWEEP_EXPIRE);
		}
	}
}

static void finish_runs(struct scheduler *s)
{
	for (size_t i = 0; i < s->runs.count; i++) {
		struct run *run = s->runs.list[i];
		bool open = run->b->state == BROADCAST_RUNNING || run->b->state == BROADCAST_PAUSED;
		bool over = run->b->fanned_out && run->b->sweep == 0 &&
			    run->states[DELIVERY_WAITING] == 0 &&
			    run->states[DELIVERY_IN_FLIGHT] == 0;
		if (open && over)
			run_move(run, BROADCAST_FINISHED, s->now);
	}
}

static enum store_status turn_body(struct scheduler *s, void *arg)
{
	struct results *results = arg;
	enum store_status status = store_marks(s);

	parked_see(s);
	if (!status)
		status = intake_requests(s);
	if (!status)
		status = intake_controls(s);
	if (!status)
		status = intake_replies(s);
	if (!status)
		status = outcomes_take(s, results);
	if (!status)
		status = calls_take(s);
	if (!status)
		status = calls_look_after(s);
	if (!status)
		status = bounces_take(s);
	if (!status)
		status = fanout_go_on(s);
	if (!status)
		expire_runs(s);
	if (!status)
		status = sweep_go_on(s);
	if (!status)
		status = handover_time(s);
	if (!status)
		status = parked_go_on(s);
	if (!status && s->belt_state == BELT_RUNNING && !s->replies_left)
		status = handover_due(s);
	if (!status)
		finish_runs(s);
	return status;
}

static void lose_belt(struct scheduler *s)
{
	s->belt_state = BELT_GONE;
}

/* Where there are none left we want to be told of the next. */
static void results_taken(struct scheduler *s, const struct results *results)
{
	if (results->count > 0)
		crash_point(CRASH_SCHEDULER_RESULTS_KEPT);
	if (!belt_results_done(s->belt, results)) {
		lose_belt(s);
		return;
	}
	s->results_there = results->more;
	s->more |= s->results_there;
	if (!s->results_there && !belt_wait_for_results(s->belt))
		lose_belt(s);
}

/* The chains are stopped, and so is what was on its way; where the belt is gone, nothing is. */
static void measure_stops(struct scheduler *s)
{
	const struct effects *e = &s->effects;
	int64_t now = clock_utc();

	for (size_t i = 0; i < e->stop_count; i++)
		if (e->stops[i].answered_at)
			histogram_add(&s->stop_latency, now - e->stops[i].answered_at);
}

void turn_listen(struct scheduler *s, struct pacer *pacer)
{
	s->results_there |= pacing_is_silent(pacer, clock_monotonic());
	pacing_listen(pacer, s->read_at);
}

enum store_status turn(struct scheduler *s)
{
	struct results results = {0};
	bool read = s->belt_state != BELT_GONE && s->results_there;

	s->more = false;
	log_hold();
	if (read)
		s->read_at = clock_monotonic();
	if (read && !belt_results(s->belt, TURN_RESULTS, &results)) {
		lose_belt(s);
		read = false;
	}
	enum store_status status = turn_transaction(s, turn_body, &results);
	crash_point(CRASH_SCHEDULER_COMMITTED);
	if (!status && s->belt_state != BELT_GONE) {
		if (!effects_carry_out(s))
			lose_belt(s);
		else if (read)
			results_taken(s, &results);
	}
	/* With nothing else to do, we wait for Redis. */
	if (!status && s->belt_state != BELT_GONE && !s->more && !effects_settle(s))
		lose_belt(s);
	if (!status)
		measure_stops(s);
	effects_clear(&s->effects);
	if (!status)
		runs_tidy(&s->runs);
	results_free(&results);
	log_release();
	return status;
}
