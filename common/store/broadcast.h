#pragma once

/*
 * Broadcasts, whom they are for and what is asked of them. Asking for one and controlling it are
 * facts that anyone may append; only the scheduler moves the state.
 */

#include "common/base/policy.h"
#include "common/store/states.h"
#include "common/store/store.h"
#include "common/store/target.h"

struct broadcast {
	int64_t id;
	char *title, *title_en; /* _en empty: as the other */
	char *body, *body_en;
	enum kind kind;
	enum broadcast_state state;
	int lane;	     /* 0 urgent, 1 routine: an urgent one passes a routine one */
	char *targets;	     /* the words it was asked for with, by blank */
	unsigned channels;   /* set of 1 << channel */
	struct policy policy;
	int64_t targeted;    /* people counted when it was asked for; once the fan-out is over,
				the number of its deliveries */
	int64_t requested_at, expires_at;
	char *requested_by;
	char *choices, *items; /* JSON: [{"key","ja","en"}], [{"ja","en"}] */

	/* the scheduler's, 0 at first */
	bool fanned_out;
	int64_t fanout_person; /* people up to this id have their delivery */
	int64_t next_ordinal;
	unsigned sweep;	       /* changes to all deliveries under way; 0 none */
	int64_t sweep_ordinal;
	int64_t started_at, finished_at; /* 0: not yet */
	int64_t answers_of; /* to families: the broadcast of whose answers it tells; 0: none */
};

void broadcast_free(struct broadcast *b); /* the texts and the struct; NULL is allowed */

/*
 * In a transaction of the caller's: stores a broadcast in state requested, its question and its
 * targets, counts the people into b->targeted, sets b->id and appends to the ledger.
 * `b` needs all fields up to `items`, but not id, state and targeted.
 */
MUST_USE enum store_status broadcast_request(struct store *store, struct broadcast *b,
					     const struct target *targets, size_t count);

/* The scheduler's: stores what moves: state, targeted and the fields from fanned_out on. */
MUST_USE enum store_status broadcast_save(struct store *store, const struct broadcast *b);

/* The broadcast by id, or the newest to people where id is 0. STORE_NONE: no such broadcast. */
MUST_USE enum store_status broadcast_load(struct store *store, int64_t id, struct broadcast **b);

/* Ids of those not over, and of those whose deliveries still change. The caller frees *ids. */
MUST_USE enum store_status broadcast_open_ids(struct store *store, int64_t **ids, size_t *count);

/*
 * Ids for those who watch, newest first: of the broadcasts that are not over the newest, and where
 * these are fewer than `room`, the newest of the others. Without trials (trial.h).
 */
MUST_USE enum store_status broadcast_shown(struct store *store, int64_t *ids, size_t room,
					   size_t *count);

/* Newest first, without trials (trial.h); `see` is called for each of at most `most`. The broadcast is freed after it. */
MUST_USE enum store_status broadcast_each(struct store *store, int64_t most,
					  void (*see)(const struct broadcast *b, void *arg),
					  void *arg);

/*
 * Appends what is asked of a broadcast, in a transaction of the caller's, with its row of the ledger.
 * STORE_NONE: no such broadcast. *control is the fact's id, see control_applied().
 */
MUST_USE enum store_status control_add(struct store *store, int64_t broadcast,
				       enum control_verb verb, const char *by, int64_t *control);
/* The same in a transaction of its own. */
MUST_USE enum store_status control_append(struct store *store, int64_t broadcast,
					  enum control_verb verb, const char *by, int64_t *control);
/* Whether the scheduler has acted on it. */
MUST_USE enum store_status control_applied(struct store *store, int64_t control, bool *applied);
