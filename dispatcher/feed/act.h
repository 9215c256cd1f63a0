#pragma once

/* What follows from the decisions about an event, inside the transaction of its telegram. */

#include "common/hazard/history.h"
#include "dispatcher/feed/feed.h"

struct acting {
	struct feed *feed;
	const struct hazard_event *event;
	const struct history *history; /* that it was decided with */
	int64_t telegram, event_id;
	int64_t now;    /* UTC milliseconds */
	bool scheduled; /* set: there is something for the scheduler */
};

/* Keeps each decision, asks for the broadcasts, appends the controls. */
MUST_USE enum store_status act_on(struct acting *acting, const struct decisions *decisions);
