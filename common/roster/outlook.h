#pragma once

/*
 * How broadcasts will go on, if nobody answers any more: the forecast (forecast.h) from where the
 * chains stand in the store, with the speed that is measured. Of a large broadcast a thousand
 * deliveries are looked at, the same each time, so that it costs milliseconds and does not jump.
 * Broadcasts of the same lane, or a more urgent one, are in the way.
 */

#include "common/base/must.h"
#include "common/conf/settings.h"
#include "common/roster/forecast.h"
#include "common/store/figures.h"
#include "common/store/store.h"

/*
 * Fills in what figures_load() leaves open, and eta_ms, for a broadcast that is running. Others,
 * paused ones and those that are still to be fanned out are left as they are.
 */
MUST_USE enum store_status outlook_fill(struct store *store, const struct settings *settings,
					int64_t now, struct figures *figures);

/* For one that is still to be asked for: `b` needs channels, policy and lane. */
MUST_USE enum store_status outlook_make(struct store *store, const struct settings *settings,
					const struct broadcast *b, const struct plan_count *plans,
					size_t count, int64_t now, struct forecast *forecast);
