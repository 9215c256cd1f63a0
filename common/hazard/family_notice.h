#pragma once

/*
 * Families are told of a strong earthquake where they are (Biz 安否確認/一斉通報, manual, sections 5.5
 * and 5.6: 震度5強 or more; settings: family). Whatever the rules say: these are about people.
 */

#include "common/base/must.h"
#include "common/conf/settings.h"
#include "common/hazard/event.h"
#include "common/store/store.h"

/*
 * In a transaction of the caller's: asks for a broadcast to the family users in the regions of the
 * event where the intensity reaches the threshold, but those who were told of this event. An
 * exercise is told as a drill, where the settings have it so; `drill` says which of the drills with
 * this event it is, 0 for the publisher's own. *broadcast is 0 where nobody is to be told; else the scheduler wants a poke. `fault` says what was put in the place of a
 * template that cannot be used. regions_load() must have been called.
 */
MUST_USE enum store_status family_notice_request(struct store *store,
						 const struct settings *settings,
						 const struct hazard_event *event, int64_t drill,
						 int64_t now, int64_t *broadcast,
						 struct buf *fault);
