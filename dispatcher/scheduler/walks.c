#include "dispatcher/scheduler/walks.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "dispatcher/scheduler/closings.h"
#include "dispatcher/scheduler/outcomes.h"
#include "dispatcher/scheduler/turn.h"

enum { STRETCH = 1000, WALK_MS = 50, STREAMS = (CHANNEL_END - 1) * LANES };

/* results */

static enum store_status take_results(struct scheduler *s, void *arg)
{
	return outcomes_take(s, arg);
}

bool walks_drain_results(struct scheduler *s)
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

/* entries that are gone */

/* Entries of a stream, in order, and up to which id these are all. */
struct entries {
	enum channel channel;
	int lane;
	int64_t ids[STRETCH];
	size_t count;
	int64_t end;
};

static bool find_entries(struct scheduler *s, struct entries *e)
{
	if (!belt_stream_last(s->belt, e->channel, e->lane, &e->end) ||
	    !belt_stream_ids(s->belt, e->channel, e->lane, s->walks.looked, e->ids, STRETCH,
			     &e->count))
		return false;
	if (e->count == STRETCH)
		e->end = e->ids[STRETCH - 1];
	return true;
}

static enum store_status find_gone(struct scheduler *s, const struct entries *e,
				   struct closings *gone)
{
	int64_t open[STRETCH], after = s->walks.looked;
	size_t count = STRETCH, at = 0;

	while (count == STRETCH) {
		enum store_status status = attempt_open_ids(s->store, e->channel, e->lane, after,
							    e->end, open, STRETCH, &count);
		if (status)
			return status;
		for (size_t i = 0; i < count; i++) {
			after = open[i];
			while (at < e->count && e->ids[at] < after)
				at++;
			if (at == e->count || e->ids[at] != after)
				closings_add(gone, after);
		}
	}
	return STORE_OK;
}

/*
 * The results are taken in behind the look at the entries: who left the stream before it has one among
 * them, or none any more.
 */
static bool look_at_stretch(struct scheduler *s)
{
	struct walks *w = &s->walks;
	struct entries entries = {
		.channel = (enum channel)(CHANNEL_NONE + 1 + w->stream / LANES),
		.lane = w->stream % LANES,
	};
	struct closings gone = {.outcome = OUTCOME_NOT_TRIED, .detail = "lost from the queue"};

	if (!find_entries(s, &entries) || !walks_drain_results(s))
		return false;
	bool found = turn_fine(s, find_gone(s, &entries, &gone));
	if (gone.count > 0)
		log_warning("attempts.gone", "channel=%s lane=%d count=%zu",
			    channel_name(entries.channel), entries.lane, gone.count);
	if (!closings_carry_out(s, &gone) || !found)
		return false;
	w->looked = entries.end;
	if (entries.count < STRETCH) {
		w->looked = 0;
		w->looking = ++w->stream < STREAMS;
	}
	return true;
}

void walks_begin_looking(struct scheduler *s)
{
	s->walks.looking = true;
	s->walks.stream = 0;
	s->walks.looked = 0;
}

bool walks_look(struct scheduler *s)
{
	int64_t end = clock_monotonic() + WALK_MS;

	do {
		if (!look_at_stretch(s))
			return false;
	} while (s->walks.looking && clock_monotonic() < end);
	s->walks.looked_at = clock_monotonic();
	return true;
}

/* recall */

static bool recall_stretch(struct scheduler *s, enum channel channel, int lane, size_t *count)
{
	int64_t ids[STRETCH], *after = &s->walks.recalled[channel][lane];
	bool taken[STRETCH];
	struct closings recalled = {.outcome = OUTCOME_OUTAGE, .detail = "taken back, channel down"};

	if (!turn_fine(s, attempt_open_ids(s->store, channel, lane, *after, INT64_MAX, ids, STRETCH,
					   count)))
		return false;
	if (*count == 0)
		return true;
	if (!belt_recall(s->belt, channel, lane, ids, *count, taken))
		return false;
	for (size_t i = 0; i < *count; i++)
		if (taken[i])
			closings_add(&recalled, ids[i]);
	if (recalled.count > 0)
		log_info("attempts.recalled", "channel=%s lane=%d count=%zu", channel_name(channel),
			 lane, recalled.count);
	*after = ids[*count - 1];
	return closings_carry_out(s, &recalled);
}

void walks_recall_no_more(struct scheduler *s, enum channel channel)
{
	s->walks.recalling[channel] = false;
	for (int lane = 0; lane < LANES; lane++)
		s->walks.recalled[channel][lane] = 0;
}

bool walks_recall(struct scheduler *s, enum channel channel, bool *done)
{
	int64_t end = clock_monotonic() + WALK_MS;
	bool late = false;

	if (!s->walks.recalling[channel])
		log_warning("channel.confirmed_down", "channel=%s", channel_name(channel));
	s->walks.recalling[channel] = true;
	*done = false;
	for (int lane = 0; lane < LANES && !late; lane++) {
		size_t count = STRETCH;
		while (count == STRETCH && !late) {
			if (!recall_stretch(s, channel, lane, &count))
				return false;
			late = count == STRETCH && clock_monotonic() >= end;
		}
	}
	if (late)
		return true;
	*done = true;
	walks_recall_no_more(s, channel);
	return true;
}
