#include "dispatcher/feed/drills.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/broadcast/preset.h"
#include "common/broadcast/whom.h"
#include "common/queue/poke.h"
#include "common/store/broadcast.h"
#include "common/store/drill.h"
#include "common/text/recurrence.h"

#include <inttypes.h>
#include <stdlib.h>

enum { LATE_MS = 60 * 60 * 1000 };

/* NULL, with a sentence in `fault`, where the settings have no question. */
static struct broadcast *make(const struct settings *settings, const struct planned_drill *drill,
			      int64_t now, struct buf *fault)
{
	struct broadcast *b = mem_alloc(sizeof *b);

	b->kind = KIND_DRILL;
	b->lane = 1;
	b->title = mem_string(drill->title);
	b->title_en = mem_string(drill->title_en);
	b->body = mem_string(drill->body);
	b->body_en = mem_string(drill->body_en);
	b->targets = mem_string(drill->targets);
	b->requested_by = mem_format("schedule:%s", drill->name);
	b->requested_at = now;
	b->expires_at = now + settings->reply_lifetime;
	b->channels = drill->channels ? drill->channels
				      : channels_by_names(settings->broadcast_channels);
	preset_policy(settings, &b->policy);
	if (preset_question(settings, "", "", b, fault))
		return b;
	broadcast_free(b);
	return NULL;
}

/* *id 0: there is nothing to ask for, and `fault` says why. */
static enum store_status ask(struct feed *feed, const struct planned_drill *drill, int64_t now,
			     int64_t *id, struct buf *fault)
{
	struct whom whom = {0};
	struct buf missing = {0};
	struct broadcast *b = make(feed->settings, drill, now, fault);
	enum store_status status = STORE_OK;

	*id = 0;
	if (b)
		status = whom_read(feed->store, drill->targets, &whom, &missing);
	if (missing.length)
		buf_format(fault, "not there any more: %s", missing.data);
	if (b && !status && whom.count > 0)
		status = broadcast_request(feed->store, b, whom.list, whom.count);
	if (b && !status)
		*id = b->id;
	whom_free(&whom);
	buf_free(&missing);
	broadcast_free(b);
	return status;
}

static enum store_status act(struct feed *feed, const struct planned_drill *drill, int64_t now)
{
	struct recurrence every;
	struct buf fault = {0};
	int64_t id = 0, next = INT64_MAX;
	bool late = now - drill->next_at > LATE_MS;
	enum store_status status = STORE_OK;

	if (recurrence_read(drill->every, &every))
		next = recurrence_next(&every, now);
	if (late)
		buf_text_add(&fault, "it was due while nothing ran");
	else
		status = ask(feed, drill, now, &id, &fault);
	if (!status)
		status = drill_done(feed->store, drill->name, id, next);
	if (!status && id)
		log_info("drill.asked", "broadcast=%" PRId64 " drill=%s", id,
			 log_quote(drill->name));
	if (!status && fault.length)
		log_warning(id ? "drill.partly" : "drill.left_out", "drill=%s why=%s",
			    log_quote(drill->name), log_quote(buf_text(&fault)));
	buf_free(&fault);
	return status;
}

/* *more: another may be due. */
static enum store_status take_one(struct feed *feed, int64_t now, bool *more)
{
	struct planned_drill drill;
	enum store_status status = store_begin(feed->store);

	*more = false;
	if (status)
		return status;
	status = drill_due(feed->store, now, &drill);
	if (!status) {
		*more = true;
		status = act(feed, &drill, now);
		planned_drill_free(&drill);
	}
	if (!status)
		return store_commit(feed->store);
	store_rollback(feed->store);
	return status == STORE_NONE ? STORE_OK : status;
}

bool drills_look(struct feed *feed)
{
	int64_t now = clock_utc();
	bool more = true;
	enum store_status status = drills_next(feed->store, &feed->drill_at);

	while (!status && more && feed->drill_at <= now) {
		status = take_one(feed, now, &more);
		if (!status && more)
			poke_send(feed->settings);
		if (!status)
			status = drills_next(feed->store, &feed->drill_at);
	}
	if (status)
		log_error("feed.store", "error=%s", log_quote(store_error(feed->store)));
	return !status;
}
