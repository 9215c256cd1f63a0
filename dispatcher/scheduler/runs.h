#pragma once

/*
 * The broadcasts that are being worked on, cached, with the counters that a turn changes. The
 * only place that moves a broadcast's state.
 */

#include "common/store/broadcast.h"
#include "common/store/delivery.h"
#include "dispatcher/scheduler/group_counts.h"

enum { RUN_CHOICES = 8, CHOICE_TEXT = 40 };

struct run {
	struct broadcast *b;
	bool changed;                       /* broadcast_save() is due */
	bool introduced;                    /* the belt has its content and marks */
	int64_t states[DELIVERY_STATE_END]; /* deliveries by state */

	/* to be stored at the end of the turn */
	int64_t state_changes[DELIVERY_STATE_END];
	int64_t outcomes[CHANNEL_END][OUTCOME_END];
	int64_t attempts_ended, answers;
	struct {
		char choice[CHOICE_TEXT];
		int64_t n;
	} answered[RUN_CHOICES];
	struct group_counts groups;
};

struct runs {
	struct run **list;
	size_t count;

	/* to be stored at the end of the turn: attempts ended of all broadcasts; [true]: of drills */
	int64_t ended[2][CHANNEL_END][OUTCOME_END];
};

/* The run of a broadcast, from the store if it is not there. STORE_NONE: no such broadcast. */
MUST_USE enum store_status runs_get(struct runs *runs, struct store *store, int64_t broadcast,
				    struct run **run);
/* All that are not over, or whose deliveries still change. */
MUST_USE enum store_status runs_load_open(struct runs *runs, struct store *store);

void run_move(struct run *run, enum broadcast_state to, int64_t now);
void run_count(struct run *run, enum delivery_state from, enum delivery_state to);

/* Counts answers by choice, for runs_store(). */
MUST_USE enum store_status run_count_answer(struct run *run, struct store *store,
					    const char *choice, int n);

/* An attempt of the run has ended, in the broadcast's figures and in those of all. */
void runs_count_attempt(struct runs *runs, struct run *run, enum channel channel,
			enum outcome outcome);

/* Whether its deliveries may be tried now. */
bool run_is_live(const struct run *run);
/* Whether it is over and nothing of it changes any more. */
bool run_is_idle(const struct run *run);

/* Stores what the turn changed. */
MUST_USE enum store_status runs_store(struct runs *runs, struct store *store, int64_t now);
/* After the commit: lets go of those that are over. */
void runs_tidy(struct runs *runs);
/* Forgets all. */
void runs_forget(struct runs *runs);
/* The belt is new: all are to be introduced again. */
void runs_unintroduce(struct runs *runs);
