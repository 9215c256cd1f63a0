#include "dispatcher/scheduler/compare.h"

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "dispatcher/scheduler/families.h"
#include "dispatcher/scheduler/introduce.h"
#include "dispatcher/scheduler/jobs.h"
#include "dispatcher/scheduler/outcomes.h"
#include "dispatcher/scheduler/turn.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STRETCH = 500, SETTLE_MS = 1000 };

/* A stream of jobs, in the loops below. */
struct stream {
	enum channel channel;
	int lane;
};

typedef bool (*stream_fn)(struct scheduler *s, struct stream stream, void *arg);

static bool each_stream(struct scheduler *s, stream_fn see, void *arg)
{
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		for (int lane = 0; lane < LANES; lane++)
			if (!see(s, (struct stream){(enum channel)c, lane}, arg))
				return false;
	return true;
}

/* False, logged, where the store failed. */
static bool fine(struct scheduler *s, enum store_status status)
{
	if (status)
		log_error("store.failed", "error=%s", log_quote(store_error(s->store)));
	return status == STORE_OK;
}

/* ending attempts */

struct endings {
	int64_t *ids;
	size_t count;
	enum outcome outcome;
	const char *detail;
};

static void add_ending(struct endings *e, int64_t id)
{
	e->ids = mem_resize(e->ids, e->count + 1, sizeof *e->ids);
	e->ids[e->count++] = id;
}

static enum store_status end_all(struct scheduler *s, void *arg)
{
	const struct endings *e = arg;
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < e->count; i++)
		status = outcomes_end(s, e->ids[i], e->outcome, e->detail);
	return status;
}

/* Frees the ids. */
static bool end_attempts(struct scheduler *s, struct endings *e)
{
	enum store_status status = STORE_OK;

	if (e->count > 0)
		status = turn_transaction(s, end_all, e);
	free(e->ids);
	return status == STORE_OK;
}

/* handing over again */

static bool put_again(struct scheduler *s, struct open_attempt *o, struct parcel *jobs)
{
	char token[TOKEN_LENGTH + 1];
	int64_t broadcast = delivery_broadcast(o->attempt.delivery), reply = 0;

	if (!fine(s, families_word(s, broadcast, o->person, &o->recipient, &reply)))
		return false;
	struct job job = job_of(s, &o->attempt, o->person, &o->recipient, token);
	parcel_add(jobs, s->belt, o->attempt.lane, &job);
	return true;
}

/*
 * Puts open attempts after an id on the belt, in order; those that nobody waits for any more are
 * ended instead.
 */
static bool hand_over_after(struct scheduler *s, struct stream stream, int64_t after)
{
	struct open_attempt *list = mem_array(STRETCH, sizeof *list);
	struct endings unwanted = {.outcome = OUTCOME_NOT_TRIED, .detail = "stopped"};
	size_t count = STRETCH, again = 0, refused = 0;
	struct parcel jobs = {0};
	bool done = true;

	while (done && count == STRETCH) {
		done = fine(s, attempt_open_after(s->store, stream.channel, stream.lane, after,
						  list, STRETCH, &count));
		for (size_t i = 0; done && i < count; i++) {
			after = list[i].attempt.id;
			if (list[i].wanted)
				done = put_again(s, &list[i], &jobs);
			else
				add_ending(&unwanted, after);
		}
		belt_add_jobs(s->belt, &jobs);
		done = done && belt_flush(s->belt, &refused) && refused == 0;
		open_attempt_free(list, count);
		if (done && jobs.jobs > 0) {
			s->marks[stream.channel][stream.lane] =
				jobs.newest[stream.channel][stream.lane];
			s->marks_changed = true;
		}
		again += jobs.jobs;
		parcel_clear(&jobs);
	}
	parcel_free(&jobs);
	free(list);
	if (again > 0)
		log_info("attempts.again", "channel=%s lane=%d count=%zu",
			 channel_name(stream.channel), stream.lane, again);
	return end_attempts(s, &unwanted) && done;
}

static bool hand_over_all(struct scheduler *s, struct stream stream, void *arg)
{
	(void)arg;
	if (!belt_stream_reset(s->belt, stream.channel, stream.lane))
		return false;
	crash_point(CRASH_SCHEDULER_STREAM_RESET);
	s->marks[stream.channel][stream.lane] = 0;
	return hand_over_after(s, stream, 0);
}

/*
 * The streams have begun again, some of them empty: a mark from before would tell the next scheduler
 * that the belt has lost something.
 */
static enum store_status lower_marks(struct scheduler *s, void *arg)
{
	enum store_status status = STORE_OK;

	(void)arg;
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		for (int lane = 0; !status && lane < LANES; lane++)
			status = handover_mark_set(s->store, (enum channel)c, lane,
						   s->marks[c][lane]);
	if (!status)
		s->marks_changed = false;
	return status;
}

/* comparing */

static bool look_at(struct scheduler *s, struct stream stream, void *arg)
{
	bool *lost = arg;
	int64_t last, mark, newest;

	if (!belt_stream_last(s->belt, stream.channel, stream.lane, &last))
		return false;
	if (!fine(s, handover_mark(s->store, stream.channel, stream.lane, &mark)) ||
	    !fine(s, attempt_newest(s->store, &newest)))
		return false;
	if (last < mark || last > newest) {
		log_warning("belt.differs", "channel=%s lane=%d last=%" PRId64 " mark=%" PRId64,
			    channel_name(stream.channel), stream.lane, last, mark);
		*lost = true;
	}
	return true;
}

static bool hand_over_missing(struct scheduler *s, struct stream stream, void *arg)
{
	int64_t last;

	(void)arg;
	return belt_stream_last(s->belt, stream.channel, stream.lane, &last) &&
	       hand_over_after(s, stream, last);
}

static bool settle(struct scheduler *s)
{
	s->belt_state = BELT_SETTLING;
	s->settled_at = clock_monotonic() + SETTLE_MS;
	s->results_there = true;
	return true;
}

static bool drop_stream(struct scheduler *s, struct stream stream, void *arg)
{
	(void)arg;
	return belt_stream_drop(s->belt, stream.channel, stream.lane);
}

/*
 * Takes the jobs away as well: those of an old copy may be done already, and a worker that misses its
 * group reports again what it did.
 */
static bool settle_without_jobs(struct scheduler *s)
{
	return each_stream(s, drop_stream, NULL) && settle(s);
}

static bool anything_out(const struct scheduler *s)
{
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		if (s->pacers[c].out > 0)
			return true;
	return false;
}

/* open attempts whose entry is gone */

struct census {
	int64_t *ids[CHANNEL_END][LANES];
	size_t counts[CHANNEL_END][LANES];
	int64_t last[CHANNEL_END][LANES];
};

static bool count_stream(struct scheduler *s, struct stream stream, void *arg)
{
	struct census *c = arg;

	return belt_stream_last(s->belt, stream.channel, stream.lane,
				&c->last[stream.channel][stream.lane]) &&
	       belt_stream_ids(s->belt, stream.channel, stream.lane,
			       &c->ids[stream.channel][stream.lane],
			       &c->counts[stream.channel][stream.lane]);
}

static enum store_status take_results(struct scheduler *s, void *arg)
{
	return outcomes_take(s, arg);
}

/* All results that stand there after the count: who left a stream before it has one among them. */
static bool drain_results(struct scheduler *s)
{
	size_t count = 1;

	while (count > 0) {
		struct results results;
		if (!belt_results(s->belt, TURN_RESULTS, &results))
			return false;
		count = results.count;
		bool taken = count == 0 || (!turn_transaction(s, take_results, &results) &&
					    belt_results_done(s->belt, &results));
		results_free(&results);
		if (!taken)
			return false;
	}
	return true;
}

static bool holds(const int64_t *ids, size_t count, int64_t id)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && ids[low] == id;
}

static bool end_gone(struct scheduler *s, struct stream stream, void *arg)
{
	const struct census *c = arg;
	const int64_t *ids = c->ids[stream.channel][stream.lane];
	size_t known = c->counts[stream.channel][stream.lane], count = STRETCH;
	int64_t last = c->last[stream.channel][stream.lane], after = 0;
	struct endings gone = {.outcome = OUTCOME_NOT_TRIED, .detail = "lost from the queue"};
	struct open_attempt *list = mem_array(STRETCH, sizeof *list);
	bool done = true;

	while (done && count == STRETCH) {
		done = fine(s, attempt_open_after(s->store, stream.channel, stream.lane, after,
						  list, STRETCH, &count));
		for (size_t i = 0; done && i < count; i++) {
			after = list[i].attempt.id;
			if (after <= last && !holds(ids, known, after))
				add_ending(&gone, after);
		}
		open_attempt_free(list, count);
	}
	free(list);
	if (gone.count > 0)
		log_warning("attempts.gone", "channel=%s lane=%d count=%zu",
			    channel_name(stream.channel), stream.lane, gone.count);
	return end_attempts(s, &gone) && done;
}

static bool find_gone(struct scheduler *s)
{
	struct census *c = mem_alloc(sizeof *c);
	bool done =
		each_stream(s, count_stream, c) && drain_results(s) && each_stream(s, end_gone, c);

	for (int i = 0; i < CHANNEL_END; i++)
		for (int lane = 0; lane < LANES; lane++)
			free(c->ids[i][lane]);
	free(c);
	s->compared_at = clock_monotonic();
	return done;
}

/* the three occasions */

bool compare_on_connect(struct scheduler *s)
{
	enum belt_owner owner;
	bool lost = false;

	memset(s->effects.sent, 0, sizeof s->effects.sent); /* by the connection of before */
	runs_unintroduce(&s->runs);
	if (!fine(s, runs_load_open(&s->runs, s->store)) || !introduce_runs(s))
		return false;
	if (!belt_whose(s->belt, s->epoch, &owner))
		return false;
	/* Its jobs are none of ours. What workers did lately may be, where the store was put back: they
	 * say it again, and it is heard before any id is given out. */
	if (owner == BELT_OTHERS) {
		log_warning("belt.of_another_store", NULL);
		return settle_without_jobs(s);
	}
	if (!each_stream(s, look_at, &lost))
		return false;
	if (owner != BELT_OURS || lost)
		return anything_out(s) ? settle_without_jobs(s) : compare_settled(s);
	if (!each_stream(s, hand_over_missing, NULL) || !find_gone(s))
		return false;
	s->belt_state = BELT_RUNNING;
	s->results_there = true;
	return true;
}

bool compare_settled(struct scheduler *s)
{
	log_info("belt.made_anew", NULL);
	runs_unintroduce(&s->runs);
	if (!drain_results(s) || !introduce_runs(s) || !each_stream(s, hand_over_all, NULL) ||
	    turn_transaction(s, lower_marks, NULL) || !belt_mark_epoch(s->belt, s->epoch))
		return false;
	s->belt_state = BELT_RUNNING;
	s->compared_at = clock_monotonic();
	s->results_there = true;
	return true;
}

bool compare_now_and_then(struct scheduler *s)
{
	enum { EVERY_MS = 60000 };
	enum belt_owner owner;

	if (!effects_settle(s) || !belt_whose(s->belt, s->epoch, &owner))
		return false;
	if (owner != BELT_OURS) {
		log_warning("belt.emptied", NULL);
		return settle(s);
	}
	return clock_monotonic() - s->compared_at < EVERY_MS || find_gone(s);
}

/* recall */

static bool recall_stream(struct scheduler *s, struct stream stream)
{
	struct open_attempt *list = mem_array(STRETCH, sizeof *list);
	int64_t *ids = mem_array(STRETCH, sizeof *ids), after = 0;
	bool *taken = mem_array(STRETCH, sizeof *taken), done = true;
	struct endings recalled = {.outcome = OUTCOME_OUTAGE, .detail = "taken back, channel down"};
	size_t count = STRETCH;

	while (done && count == STRETCH) {
		done = fine(s, attempt_open_after(s->store, stream.channel, stream.lane, after,
						  list, STRETCH, &count));
		for (size_t i = 0; done && i < count; i++)
			after = ids[i] = list[i].attempt.id;
		if (done && count > 0)
			done = belt_recall(s->belt, stream.channel, stream.lane, ids, count, taken);
		for (size_t i = 0; done && i < count; i++)
			if (taken[i])
				add_ending(&recalled, ids[i]);
		open_attempt_free(list, count);
	}
	free(list);
	free(ids);
	free(taken);
	if (recalled.count > 0)
		log_info("attempts.recalled", "channel=%s lane=%d count=%zu",
			 channel_name(stream.channel), stream.lane, recalled.count);
	return end_attempts(s, &recalled) && done;
}

bool compare_recall(struct scheduler *s, enum channel channel)
{
	if (!effects_settle(s))
		return false;
	for (int lane = 0; lane < LANES; lane++)
		if (!recall_stream(s, (struct stream){channel, lane}))
			return false;
	return true;
}
