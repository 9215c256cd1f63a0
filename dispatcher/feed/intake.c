#include "dispatcher/feed/intake.h"

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/hazard/family_notice.h"
#include "common/hazard/history.h"
#include "common/queue/poke.h"
#include "common/store/broadcast.h"
#include "common/store/decision.h"
#include "common/store/roster.h"
#include "dispatcher/feed/act.h"
#include "dispatcher/feed/fatal.h"
#include "dispatcher/feed/foresee.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool store_failed(const struct feed *feed)
{
	log_error("feed.store", "error=%s", log_quote(store_error(feed->store)));
	store_rollback(feed->store);
	return false;
}

/* How many people there are where: before a transaction, as others wait for its end. */

static enum store_status count_people(struct feed *feed)
{
	struct region_count *counts = NULL;
	int64_t revision;
	size_t count = 0;
	enum store_status status = roster_revision(feed->store, &revision);

	if (status || (feed->people_known && revision == feed->people_revision))
		return status;
	status = target_region_counts(feed->store, &counts, &count);
	if (!status) {
		free(feed->people);
		feed->people = mem_array(count, sizeof *feed->people);
		for (size_t i = 0; i < count; i++) {
			feed->people[i] = (struct head_count){
				.addresses = (unsigned)counts[i].address,
				.people = counts[i].people,
			};
			memcpy(feed->people[i].region, counts[i].region,
			       sizeof feed->people[i].region);
		}
		feed->people_count = count;
		feed->people_revision = revision;
		feed->people_known = true;
	}
	free(counts);
	return status;
}

/* deciding */

static const struct rules *rules_for(const struct feed *feed, int64_t drill)
{
	return drill ? &feed->drill_rules : &feed->rules;
}

/* A drill is one of now, whatever its telegram is of. */
static void make_drill(struct hazard_event *event, int64_t now)
{
	event->status = EVENT_EXERCISE;
	event->sent_at = now;
	event->expires_at = 0;
}

static enum store_status decide_and_act(struct feed *feed, const struct hazard_event *event,
					int64_t event_id, const struct telegram *t,
					const char *held_rule, bool *scheduled)
{
	struct history history = {0};
	struct acting acting = {.feed = feed,
				.event = event,
				.history = &history,
				.telegram = t->id,
				.event_id = event_id,
				.now = clock_utc()};
	const struct rules *rules = rules_for(feed, t->drill);
	struct decisions decisions = {0};
	enum store_status status =
		history_load(feed->store, rules, event, t->drill, acting.now, &history);

	if (!status && held_rule)
		decide_due(rules, held_rule, history.list, history.count, event, acting.now,
			   feed->people, feed->people_count, &decisions);
	else if (!status)
		decide(rules, history.list, history.count, event, acting.now, feed->people,
		       feed->people_count, &decisions);
	if (!status)
		status = act_on(&acting, &decisions);
	*scheduled |= acting.scheduled;
	decisions_free(&decisions);
	history_free(&history);
	return status;
}

static enum store_status tell_families(struct feed *feed, const struct hazard_event *event,
				       const struct telegram *t, bool *scheduled)
{
	struct buf fault = {0};
	int64_t broadcast = 0;
	enum store_status status = family_notice_request(feed->store, feed->settings, event,
							 t->drill, clock_utc(), &broadcast, &fault);

	if (broadcast)
		log_info("feed.families", "broadcast=%" PRId64 " telegram=%" PRId64, broadcast,
			 t->id);
	if (fault.length)
		log_error("feed.makeshift", "telegram=%" PRId64 " rule=family why=%s", t->id,
			  log_quote(buf_text(&fault)));
	*scheduled |= broadcast != 0;
	buf_free(&fault);
	return status;
}

static enum store_status take_event(struct feed *feed, struct hazard_event *event,
				    const struct telegram *t, bool *scheduled)
{
	if (t->drill)
		make_drill(event, t->received_at);
	char *keys = history_keys_json(event), *json = event_json(event);
	struct kept_event kept = {
		.telegram = t->id,
		.hazard = (int)event->hazard,
		.status = (int)event->status,
		.act = (int)event->act,
		.title = event->title,
		.keys = keys,
		.sent_at = event->sent_at,
		.occurred_at = event->occurred_at,
		.json = json,
	};
	enum store_status status = event_keep(feed->store, &kept);

	if (!status)
		status = decide_and_act(feed, event, kept.id, t, NULL, scheduled);
	if (!status)
		status = tell_families(feed, event, t, scheduled);
	free(keys);
	free(json);
	return status;
}

/* the transaction */

static enum store_status settle(struct feed *feed, struct telegram *t, struct events *events,
				bool *scheduled)
{
	bool waits = t->id != 0;
	enum store_status status = events->count ? count_people(feed) : STORE_OK;

	if (!status)
		status = store_begin(feed->store);
	if (!status)
		status = waits ? telegram_settle(feed->store, t) : telegram_append(feed->store, t);
	for (size_t i = 0; !status && i < events->count; i++)
		status = take_event(feed, &events->list[i], t, scheduled);
	if (!status) {
		crash_point(CRASH_FEED_UNCOMMITTED);
		return store_commit(feed->store);
	}
	if (status == STORE_CONFLICT && !waits)
		store_rollback(feed->store);
	return status;
}

static enum hazard_read read_bytes(struct telegram *t, struct events *events, struct buf *reason)
{
	if (t->format == FORMAT_NONE)
		t->format = (int)hazard_guess(t->bytes, t->length);
	return hazard_read((enum hazard_format)t->format, t->bytes, t->length, events, reason);
}

static enum hazard_read read_telegram(struct telegram *t, bool fatal, struct events *events)
{
	struct buf reason = {0};
	enum hazard_read read = HAZARD_REFUSED;

	if (fatal)
		buf_format(&reason,
			   "tenko-feed died %d times in a row while it read this: look at "
			   "it by hand, and tell the makers of Tenko",
			   FATAL_DEATHS);
	else
		read = read_bytes(t, events, &reason);
	t->state = read == HAZARD_READ     ? TELEGRAM_READ
		   : read == HAZARD_PASSED ? TELEGRAM_PASSED
					   : TELEGRAM_REFUSED;
	free(t->reason);
	t->reason = buf_take(&reason);
	return read;
}

static void tell(const struct telegram *t)
{
	log_info("feed.telegram",
		 "telegram=%" PRId64 " source=%s state=%s bytes=%zu why=%s ms=%" PRId64, t->id,
		 telegram_source_name(t->source), telegram_state_name(t->state), t->length,
		 log_quote(t->reason), clock_utc() - t->received_at);
}

static enum intake take_telegram(struct feed *feed, struct telegram *t, bool final, bool fatal)
{
	struct events events = {0};
	bool scheduled = false;
	enum hazard_read read = read_telegram(t, fatal, &events);

	if (read == HAZARD_REFUSED && !final && !fatal)
		return INTAKE_DAMAGED;
	if (!fatal)
		crash_point(CRASH_FEED_READ);
	enum store_status status = settle(feed, t, &events, &scheduled);
	events_free(&events);
	if (status == STORE_CONFLICT)
		return INTAKE_KNOWN;
	if (status) {
		(void)store_failed(feed);
		return INTAKE_FAILED;
	}
	crash_point(CRASH_FEED_COMMITTED);
	tell(t);
	if (scheduled)
		poke_send(feed->settings);
	feed->unforeseen |= scheduled;
	return INTAKE_DONE;
}

enum intake intake_telegram(struct feed *feed, struct telegram *t, bool final)
{
	bool fatal = fatal_begin(feed->settings, t);
	enum intake taken = take_telegram(feed, t, final, fatal);

	if (taken != INTAKE_FAILED || !fatal)
		fatal_end(feed->settings, t);
	if (feed->unforeseen)
		foresee(feed);
	feed->unforeseen = false;
	return taken;
}

bool intake_waiting(struct feed *feed)
{
	for (;;) {
		struct telegram t;
		enum store_status status = telegram_next(feed->store, &t);
		if (status == STORE_NONE)
			return true;
		if (status)
			return store_failed(feed);
		enum intake taken = intake_telegram(feed, &t, true);
		telegram_free(&t);
		if (taken == INTAKE_FAILED)
			return false;
	}
}

/* what was held */

static enum store_status take_held(struct feed *feed, const struct held *held, bool *scheduled)
{
	struct telegram t = {.id = held->telegram, .drill = held->drill};
	struct hazard_event event = {0};
	char *json = NULL;
	int64_t telegram;
	enum store_status status = event_load(feed->store, held->event, &telegram, &json);

	if (!status && event_from_json(json, &event)) {
		status = decide_and_act(feed, &event, held->event, &t, held->rule, scheduled);
		event_clear(&event);
	} else if (!status) {
		log_error("feed.held", "telegram=%" PRId64 " error=%s", held->telegram,
			  log_quote("the event in the store cannot be read"));
	}
	/* Whatever came of it: also where its rule is gone. */
	if (!status)
		status = decision_resolve(feed->store, held->decision);
	free(json);
	return status;
}

bool intake_held(struct feed *feed)
{
	feed->held_until = INT64_MAX;
	for (;;) {
		struct held held;
		bool scheduled = false;
		enum store_status status = decision_next_held(feed->store, &held);
		if (status == STORE_NONE)
			return true;
		if (status)
			return store_failed(feed);
		if (held.due_at > clock_utc()) {
			feed->held_until = held.due_at;
			free(held.rule);
			return true;
		}
		status = count_people(feed);
		if (!status)
			status = store_begin(feed->store);
		if (!status)
			status = take_held(feed, &held, &scheduled);
		if (!status)
			status = store_commit(feed->store);
		free(held.rule);
		if (status)
			return store_failed(feed);
		if (scheduled) {
			poke_send(feed->settings);
			foresee(feed);
		}
	}
}
