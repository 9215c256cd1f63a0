#pragma once

/*
 * What telegrams said (events) and what was decided about it. Written by tenko-feed alone, in the
 * transaction that settles the telegram. What the numbers and the JSON mean is known to
 * common/hazard, which stands above the store.
 */

#include "common/base/must.h"
#include "common/store/store.h"
#include <stddef.h>

struct kept_event {
	int64_t id; /* set by event_keep() */
	int64_t telegram;
	int hazard, status, act;
	const char *title;
	const char *keys; /* JSON array of the event's ids */
	int64_t sent_at, occurred_at; /* occurred_at 0: unknown */
	const char *json; /* all of it */
};

MUST_USE enum store_status event_keep(struct store *store, struct kept_event *event);

/* Those of a telegram, in their order. The texts are good until `see` returns. */
MUST_USE enum store_status event_each(struct store *store, int64_t telegram,
				      void (*see)(const struct kept_event *event, void *arg),
				      void *arg);
/* STORE_NONE: no such event. The caller frees *json. */
MUST_USE enum store_status event_load(struct store *store, int64_t id, int64_t *telegram,
				      char **json);

struct kept_decision {
	int64_t id; /* set by decision_keep() */
	int64_t event;
	const char *rule; /* "": no rule is for the event */
	int verdict;
	const char *reason;
	const char *acted; /* JSON [[region, what, level], ...]; levels up to 0 are marks */
	int64_t at;
	int64_t broadcast; /* 0: none */
	int64_t due_at;    /* held until then; 0: not, or not any more */
};

MUST_USE enum store_status decision_keep(struct store *store, struct kept_decision *decision);

/* Those of an event, in their order. */
MUST_USE enum store_status decision_each(struct store *store, int64_t event,
					 void (*see)(const struct kept_decision *decision,
						     void *arg),
					 void *arg);

/*
 * Those made since `since` about events of these two hazards and of one drill (0: no drill), the
 * oldest first, each with its event (without its JSON).
 */
MUST_USE enum store_status decision_since(struct store *store, int64_t since,
					  const int hazards[2], int64_t drill,
					  void (*see)(const struct kept_decision *decision,
						      const struct kept_event *event, void *arg),
					  void *arg);

/* The held decision that is due first: its rule is copied, the caller frees. STORE_NONE: none. */
struct held {
	int64_t decision, event, telegram, drill;
	int64_t due_at;
	char *rule;
};
MUST_USE enum store_status decision_next_held(struct store *store, struct held *held);

/* It is not held any more. */
MUST_USE enum store_status decision_resolve(struct store *store, int64_t decision);

/* How the address of a feed does. `fault` "": the answer was sound. */
MUST_USE enum store_status feed_note(struct store *store, const char *url, int64_t asked_at,
				     const char *fault);
/* When it last gave a sound answer; 0: never. */
MUST_USE enum store_status feed_answered(struct store *store, const char *url, int64_t *at);

struct feed_state {
	const char *url, *fault;
	int64_t asked_at, answered_at; /* answered_at 0: never */
};
MUST_USE enum store_status feed_each(struct store *store,
				     void (*see)(const struct feed_state *feed, void *arg),
				     void *arg);
