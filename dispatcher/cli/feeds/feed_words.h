#pragma once

/* What telegrams say and what came of them, as people and programs read it. */

#include "common/hazard/decide.h"
#include "common/store/decision.h"
#include "common/store/telegram.h"
#include "dispatcher/cli/command.h"

/* The regions of the highest level: "震度6強 宮城県北部, ..."; "" where there is none. */
void feed_put_peak(const struct hazard_event *event, enum language language, struct buf *out);

/* "earthquake 三陸沖 震度6強 宮城県北部": the event in one line, its texts made harmless. */
void feed_put_event(const struct hazard_event *event, enum language language, struct buf *out);

/* Text from outside for a terminal: no control characters. */
void feed_put_text(const char *text, struct buf *out);

MUST_USE json_t *feed_moment_json(int64_t at); /* null for 0 */
MUST_USE json_t *feed_telegram_json(const struct telegram *telegram);
MUST_USE json_t *feed_decision_json(const struct kept_decision *decision);
