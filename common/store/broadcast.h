#pragma once

/*
 * Broadcasts, whom they are for and what is asked of them. Asking for one and controlling it are
 * facts that anyone may append; only the scheduler moves the state.
 */

#include "common/base/policy.h"
#include "common/store/states.h"
#include "common/store/store.h"

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
};

void broadcast_free(struct broadcast *b); /* the texts and the struct; NULL is allowed */

/* Whom a broadcast is for; the union of all its targets. Numbers are stored. */
enum target_kind {
	TARGET_ALL = 1,
	TARGET_DEPARTMENT = 2, /* number: department id; the groups below are targets of their own */
	TARGET_PERSON = 3,     /* number: person id */
	TARGET_REGION = 4,     /* text: region or prefecture code, of work, home or second address */
	TARGET_UNANSWERED = 5, /* number: broadcast id */
};

struct target {
	enum target_kind kind;
	int64_t number;
	const char *text;
};

/*
 * In a transaction of the caller's: stores a broadcast in state requested, its question and its
 * targets, counts the people into b->targeted, sets b->id and appends to the ledger.
 * `b` needs all fields up to `items`, but not id, state and targeted.
 */
MUST_USE enum store_status broadcast_request(struct store *store, struct broadcast *b,
					     const struct target *targets, size_t count);

struct plan_count {
	int64_t plan; /* packed, see common/base/plan.h */
	int64_t people;
};

/*
 * How many of the active people that the targets name have each contact plan. In or outside a
 * transaction; takes the write lock for a moment and changes nothing. The caller frees
 * *plans.
 */
MUST_USE enum store_status target_plans(struct store *store, const struct target *targets,
					size_t count, struct plan_count **plans, size_t *plan_count);

/* Whether a stored broadcast's targets name this person, as the roster stands now. */
MUST_USE enum store_status target_includes(struct store *store, int64_t broadcast, int64_t person,
					   bool *included);

/* The scheduler's: the next people of a stored broadcast's targets, by id, after `after`. */
struct targeted {
	int64_t person;
	int64_t plan;
};
MUST_USE enum store_status target_next(struct store *store, int64_t broadcast, int64_t after,
				       struct targeted *people, size_t room, size_t *count);

/* The scheduler's: stores what moves: state, targeted and the fields from fanned_out on. */
MUST_USE enum store_status broadcast_save(struct store *store, const struct broadcast *b);

/* The broadcast by id, or the newest where id is 0. STORE_NONE: no such broadcast. */
MUST_USE enum store_status broadcast_load(struct store *store, int64_t id, struct broadcast **b);

/* Ids of those not over, and of those whose deliveries still change. The caller frees *ids. */
MUST_USE enum store_status broadcast_open_ids(struct store *store, int64_t **ids, size_t *count);

/* Newest first; `see` is called for each of at most `most`. The broadcast is freed after it. */
MUST_USE enum store_status broadcast_each(struct store *store, int64_t most,
					  void (*see)(const struct broadcast *b, void *arg),
					  void *arg);

/*
 * Appends what is asked of a broadcast, in a transaction of its own, with its row of the ledger.
 * STORE_NONE: no such broadcast. *control is the fact's id, see control_applied().
 */
MUST_USE enum store_status control_append(struct store *store, int64_t broadcast,
					  enum control_verb verb, const char *by, int64_t *control);
/* Whether the scheduler has acted on it. */
MUST_USE enum store_status control_applied(struct store *store, int64_t control, bool *applied);
