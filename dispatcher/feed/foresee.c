#include "dispatcher/feed/foresee.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/roster/outlook.h"
#include "common/store/broadcast.h"
#include "common/store/figures.h"

#include <stdlib.h>

static enum store_status keep(struct store *store, int64_t id, int64_t all_ms)
{
	enum store_status status = store_begin(store);

	if (status)
		return status;
	status = figures_keep_forecast(store, id, all_ms);
	if (!status)
		return store_commit(store);
	store_rollback(store);
	return status;
}

static enum store_status foresee_one(struct feed *feed, int64_t id)
{
	struct plan_count *plans = NULL;
	struct forecast forecast;
	struct broadcast *b = NULL;
	size_t count = 0;
	enum store_status status = broadcast_load(feed->store, id, &b);

	if (status)
		return status;
	status = target_plans_of(feed->store, id, &plans, &count);
	if (!status)
		status = outlook_make(feed->store, feed->settings, b, plans, count, clock_utc(),
				      &forecast);
	if (!status)
		status = keep(feed->store, id, forecast.all_ms);
	free(plans);
	broadcast_free(b);
	return status;
}

void foresee(struct feed *feed)
{
	int64_t *ids = NULL;
	size_t count = 0;
	enum store_status status = broadcast_open_ids(feed->store, &ids, &count);

	for (size_t i = 0; !status && i < count; i++) {
		bool has;
		status = figures_has_forecast(feed->store, ids[i], &has);
		if (!status && !has)
			status = foresee_one(feed, ids[i]);
	}
	if (status)
		log_warning("feed.forecast", "error=%s", log_quote(store_error(feed->store)));
	free(ids);
}
