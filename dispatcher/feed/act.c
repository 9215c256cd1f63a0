#include "dispatcher/feed/act.h"

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/hazard/ask.h"
#include "common/store/broadcast.h"
#include "common/store/decision.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Broadcasts that were asked for by one rule for this event. */
struct made {
	const struct rule *rule;
	int64_t *ids;
	size_t count;
};

static void tell_fault(const struct acting *a, const struct decision *d, const struct buf *fault)
{
	if (fault->length)
		log_error("feed.makeshift", "telegram=%" PRId64 " rule=%s why=%s", a->telegram,
			  log_quote(d->rule->name), log_quote(buf_text(fault)));
}

static enum store_status ask(const struct acting *a, const struct decision *d,
			     const struct made *made, int64_t *id)
{
	struct store *store = a->feed->store;
	struct asked asked = {0};
	struct buf fault = {0};
	bool corrects = d->verdict == VERDICT_CORRECT;
	size_t count = d->region_count;
	struct acted *corrected = NULL;

	if (corrects)
		corrected = history_regions(a->history, d->corrects, d->correct_count, &count);
	struct broadcast *b =
		ask_broadcast(a->feed->settings, a->event, d, corrects ? corrected : d->regions,
			      count, a->now, &fault);
	enum store_status status = ask_targets(store, d, made->ids, made->count, &asked, &fault);

	b->targets = mem_string(buf_text(&asked.words));
	if (!status)
		status = broadcast_request(store, b, asked.targets, asked.count);
	if (!status) {
		*id = b->id;
		tell_fault(a, d, &fault);
		log_info("feed.broadcast",
			 "broadcast=%" PRId64 " telegram=%" PRId64
			 " rule=%s kind=%s people=%" PRId64,
			 b->id, a->telegram, log_quote(d->rule->name), kind_name(b->kind),
			 b->targeted);
	}
	free(corrected);
	broadcast_free(b);
	asked_free(&asked);
	buf_free(&fault);
	return status;
}

/* Before the correction, so that the scheduler stops first. */
static enum store_status stop(const struct acting *a, const struct decision *d)
{
	char *by = mem_format("rule:%s", d->rule ? d->rule->name : "");
	enum store_status status = STORE_OK;
	int64_t control;

	for (size_t i = 0; !status && i < d->stop_count; i++) {
		status = control_add(a->feed->store, d->stops[i], CONTROL_CANCEL, by, &control);
		if (status == STORE_NONE)
			status = STORE_OK;
	}
	free(by);
	return status;
}

static enum store_status keep(const struct acting *a, const struct decision *d, int64_t broadcast)
{
	char *acted = history_acted_json(d);
	struct kept_decision kept = {
		.event = a->event_id,
		.rule = d->rule ? d->rule->name : "",
		.verdict = (int)d->verdict,
		.reason = d->reason,
		.acted = acted,
		.at = a->now,
		.broadcast = broadcast,
		.due_at = d->due_at,
	};
	enum store_status status = decision_keep(a->feed->store, &kept);

	for (size_t i = 0; !status && i < d->settle_count; i++)
		status = decision_resolve(a->feed->store, d->settles[i]);
	if (!status)
		log_info("feed.decided",
			 "telegram=%" PRId64 " decision=%" PRId64 " rule=%s verdict=%s why=%s",
			 a->telegram, kept.id, log_quote(kept.rule), verdict_name(d->verdict),
			 log_quote(d->reason));
	if (d->due_at && d->due_at < a->feed->held_until)
		a->feed->held_until = d->due_at;
	free(acted);
	return status;
}

static enum store_status act(struct acting *a, const struct decision *d, struct made *made)
{
	bool asks = d->verdict == VERDICT_SEND || d->verdict == VERDICT_DRILL ||
		    (d->verdict == VERDICT_CORRECT && d->correct_count > 0);
	enum store_status status = stop(a, d);
	int64_t broadcast = 0;

	if (d->rule != made->rule) {
		made->rule = d->rule;
		made->count = 0;
	}
	if (!status && asks)
		status = ask(a, d, made, &broadcast);
	if (!status && broadcast) {
		made->ids = mem_resize(made->ids, made->count + 1, sizeof *made->ids);
		made->ids[made->count++] = broadcast;
	}
	a->scheduled |= broadcast || d->stop_count > 0;
	return status ? status : keep(a, d, broadcast);
}

enum store_status act_on(struct acting *a, const struct decisions *decisions)
{
	struct made made = {0};
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < decisions->count; i++)
		status = act(a, &decisions->list[i], &made);
	free(made.ids);
	return status;
}
