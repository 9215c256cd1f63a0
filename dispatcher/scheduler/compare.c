#include "dispatcher/scheduler/compare.h"

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "dispatcher/scheduler/closings.h"
#include "dispatcher/scheduler/families.h"
#include "dispatcher/scheduler/introduce.h"
#include "dispatcher/scheduler/jobs.h"
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

/* handing over again */

static bool put_again(struct scheduler *s, struct open_attempt *o, struct parcel *jobs)
{
	char token[TOKEN_LENGTH + 1];
	int64_t broadcast = delivery_broadcast(o->attempt.delivery), reply = 0;

	if (!turn_fine(s, families_word(s, broadcast, o->person, &o->recipient, &reply)))
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
	struct closings unwanted = {.outcome = OUTCOME_NOT_TRIED, .detail = "stopped"};
	size_t count = STRETCH, again = 0, refused = 0;
	struct parcel jobs = {0};
	bool done = true;

	while (done && count == STRETCH) {
		done = turn_fine(s, attempt_open_after(s->store, stream.channel, stream.lane, after,
						       list, STRETCH, &count));
		for (size_t i = 0; done && i < count; i++) {
			after = list[i].attempt.id;
			if (list[i].wanted)
				done = put_again(s, &list[i], &jobs);
			else
				closings_add(&unwanted, after);
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
	return closings_carry_out(s, &unwanted) && done;
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
	if (!turn_fine(s, handover_mark(s->store, stream.channel, stream.lane, &mark)) ||
	    !turn_fine(s, attempt_newest(s->store, &newest)))
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

/* the three occasions */

bool compare_on_connect(struct scheduler *s)
{
	enum belt_owner owner;
	bool lost = false;

	memset(s->effects.sent, 0, sizeof s->effects.sent); /* by the connection of before */
	runs_unintroduce(&s->runs);
	if (!turn_fine(s, runs_load_open(&s->runs, s->store)) || !introduce_runs(s))
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
	walks_begin_looking(s);
	if (!each_stream(s, hand_over_missing, NULL) || !walks_look(s))
		return false;
	s->belt_state = BELT_RUNNING;
	s->results_there = true;
	return true;
}

bool compare_settled(struct scheduler *s)
{
	log_info("belt.made_anew", NULL);
	runs_unintroduce(&s->runs);
	if (!walks_drain_results(s) || !introduce_runs(s) || !each_stream(s, hand_over_all, NULL) ||
	    turn_transaction(s, lower_marks, NULL) || !belt_mark_epoch(s->belt, s->epoch))
		return false;
	s->belt_state = BELT_RUNNING;
	s->walks.looking = false;
	s->walks.looked_at = clock_monotonic();
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
	if (!s->walks.looking && clock_monotonic() - s->walks.looked_at >= EVERY_MS)
		walks_begin_looking(s);
	return !s->walks.looking || walks_look(s);
}
