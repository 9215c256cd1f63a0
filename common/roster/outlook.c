#include "common/roster/outlook.h"

#include "common/base/mem.h"
#include "common/base/plan.h"
#include "common/store/queued.h"

#include <stdlib.h>

enum {
	LOOKED_AT = 1000, /* deliveries of the broadcast that is asked about */
	LOOKED_AT_OTHERS = 200,
	OTHERS_MOST = 16,
	ENDED_LEAST = 20, /* before a speed is believed */
	SPAN_LEAST = 200, /* ms; the newest attempts of a fast relay span a few seconds */
};

/* Where people stand, and the broadcasts whose policies the cohorts point to. */
struct stand {
	struct broadcast *broadcasts[OTHERS_MOST + 1];
	size_t broadcast_count;
	struct cohort *list;
	size_t count;
};

static void stand_free(struct stand *stand)
{
	for (size_t i = 0; i < stand->broadcast_count; i++)
		broadcast_free(stand->broadcasts[i]);
	free(stand->list);
}

/* the people */

static enum store_status add_delivery(struct store *store, const struct broadcast *b,
				      int64_t ordinal, int64_t people, int64_t now,
				      struct stand *stand)
{
	struct delivery d;
	struct attempt_state attempt = {0};
	enum store_status status = delivery_load(store, delivery_id(b->id, ordinal), &d);

	if (!status && d.state == DELIVERY_IN_FLIGHT)
		status = attempt_find(store, d.attempt, &attempt);
	if (!status) {
		stand->list[stand->count] = cohort_of(&d, b, attempt.created_at, now);
		stand->list[stand->count++].people = people;
	}
	return status == STORE_NONE ? STORE_OK : status;
}

/* Who has no delivery yet counts like those who have one. */
static enum store_status look_at(struct store *store, const struct broadcast *b, int64_t most,
				 int64_t now, struct stand *stand)
{
	int64_t there = b->next_ordinal, people = b->targeted > there ? b->targeted : there;
	int64_t looked = there < most ? there : most;
	enum store_status status = STORE_OK;

	stand->list = mem_resize(stand->list, stand->count + (size_t)looked, sizeof *stand->list);
	for (int64_t i = 0; !status && i < looked; i++)
		status = add_delivery(store, b, i * there / looked,
				      people * (i + 1) / looked - people * i / looked, now, stand);
	return status;
}

/* All that are running, of this lane or a more urgent one, but for `but`. */
static enum store_status add_others(struct store *store, int lane, int64_t but, int64_t now,
				    struct stand *stand)
{
	int64_t *ids = NULL;
	size_t count = 0;
	enum store_status status = broadcast_open_ids(store, &ids, &count);

	for (size_t i = 0; !status && i < count && stand->broadcast_count < OTHERS_MOST; i++) {
		struct broadcast *b = NULL;
		size_t first = stand->count;
		if (ids[i] == but)
			continue;
		status = broadcast_load(store, ids[i], &b);
		if (status)
			break;
		stand->broadcasts[stand->broadcast_count++] = b;
		if (b->state == BROADCAST_RUNNING && b->lane <= lane && b->next_ordinal > 0)
			status = look_at(store, b, LOOKED_AT_OTHERS, now, stand);
		for (; first < stand->count; first++)
			stand->list[first].in_the_way = true;
	}
	free(ids);
	return status;
}

/* the speed */

/* Whether people wait for the channel: only then what ends in a second is all that it can do. */
static bool is_busy(const struct stand *stand, enum channel channel)
{
	for (size_t i = 0; i < stand->count; i++) {
		const struct cohort *c = &stand->list[i];
		const struct plan plan = plan_unpack(c->plan);
		if (!c->over && !c->under_way && c->due_ms <= 0 &&
		    c->chain.phase == PHASE_DIALING && c->chain.step < plan.steps &&
		    plan.step[c->chain.step].channel == channel)
			return true;
	}
	return false;
}

static enum store_status measure(struct store *store, const struct settings *settings, int64_t now,
				 const struct stand *stand, struct capacity *capacity)
{
	struct pace_measured paces[CHANNEL_END];
	enum store_status status = queued_measure(store, now, paces);

	forecast_capacity(settings, capacity);
	for (int c = CHANNEL_NONE + 1; !status && c < CHANNEL_END; c++) {
		const struct pace_measured *pace = &paces[c];
		int64_t span = pace->last_end - pace->first_end;
		if (pace->ended < ENDED_LEAST)
			continue;
		/* A mail waits for a worker behind the hand-over; a call has its line at once. */
		if (c != CHANNEL_MAIL)
			capacity[c].attempt_ms = pace->mean_ms;
		else if (span >= SPAN_LEAST && is_busy(stand, CHANNEL_MAIL))
			capacity[c].attempt_ms = (double)capacity[c].lines * (double)span /
						 (double)(pace->ended - 1);
	}
	return status;
}

/* both */

static void put_in(const struct forecast *f, int64_t now, struct figures *figures)
{
	figures->tried = f->tried;
	figures->half_ms = f->half_ms;
	figures->most_ms = f->most_ms;
	figures->first_ms = f->first_ms;
	figures->eta_ms = f->all_ms;
	if (figures->eta_ms > figures->expires_at - now)
		figures->eta_ms = figures->expires_at - now;
}

enum store_status outlook_fill(struct store *store, const struct settings *settings, int64_t now,
			       struct figures *figures)
{
	struct capacity capacity[CHANNEL_END] = {0};
	struct stand stand = {0};
	struct broadcast *b = NULL;

	if (figures->state != BROADCAST_RUNNING || figures_over(figures))
		return STORE_OK;
	enum store_status status = broadcast_load(store, figures->broadcast, &b);
	if (status)
		return status;
	stand.broadcasts[stand.broadcast_count++] = b;
	if (b->next_ordinal > 0)
		status = look_at(store, b, LOOKED_AT, now, &stand);
	if (!status && stand.count > 0) {
		status = add_others(store, b->lane, b->id, now, &stand);
		if (!status)
			status = measure(store, settings, now, &stand, capacity);
		if (!status) {
			struct forecast f = forecast_go_on(stand.list, stand.count, capacity);
			put_in(&f, now, figures);
		}
	}
	stand_free(&stand);
	return status;
}

enum store_status outlook_make(struct store *store, const struct settings *settings,
			       const struct broadcast *b, const struct plan_count *plans,
			       size_t count, int64_t now, struct forecast *forecast)
{
	struct capacity capacity[CHANNEL_END] = {0};
	struct stand stand = {0};
	enum store_status status = add_others(store, b->lane, 0, now, &stand);

	if (!status)
		status = measure(store, settings, now, &stand, capacity);
	if (!status)
		*forecast = forecast_make_among(plans, count, b, stand.list, stand.count, capacity);
	stand_free(&stand);
	return status;
}
