#pragma once

/*
 * Whom a broadcast is for: the union of its targets, less those that TARGET_WITHIN and
 * TARGET_EXCEPT take out. The people are those of the roster as it stands when they are asked
 * for; only active ones are ever among them.
 */

#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include "common/store/store.h"
#include <stddef.h>

/* Numbers are stored. */
enum target_kind {
	TARGET_ALL = 1,
	TARGET_DEPARTMENT = 2, /* number: its id; the groups below are targets of their own */
	TARGET_PERSON = 3,     /* number: person id */
	TARGET_REGION = 4,     /* text: region or prefecture code, as it stands with the person */
	TARGET_UNANSWERED = 5, /* number: broadcast id */
	TARGET_CONTACTED = 8,  /* number: broadcast id; whom it has reached or will */
	TARGET_FAMILY = 9,     /* text: as for a region; family users there, and no people at all */

	/* These add nobody. */
	TARGET_WITHIN = 6, /* number: department id; only people of these, where there is any */
	TARGET_EXCEPT = 7, /* number: id of an earlier broadcast; not those it has reached or will */
	/* number: a place in the dial order; each is tried there alone (a trial). One at most. */
	TARGET_CONTACT = 10,
};

struct target {
	enum target_kind kind;
	int64_t number;
	const char *text;
	unsigned addresses; /* TARGET_REGION: set of enum address; 0: work, home and second */
};

/* For common/store: stores the targets of a broadcast. The same region twice adds its addresses. */
MUST_USE enum store_status target_insert(struct store *store, int64_t broadcast,
					 const struct target *targets, size_t count);
/* For common/store: how many people a stored broadcast's targets name now. */
MUST_USE enum store_status target_count(struct store *store, int64_t broadcast, int64_t *people);

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
					size_t count, struct plan_count **plans,
					size_t *plan_count);

/* The same for a stored broadcast; takes no lock. */
MUST_USE enum store_status target_plans_of(struct store *store, int64_t broadcast,
					   struct plan_count **plans, size_t *plan_count);

/* Whether a stored broadcast's targets name this person, as the roster stands now. */
MUST_USE enum store_status target_includes(struct store *store, int64_t broadcast, int64_t person,
					   bool *included);

/*
 * The people of a stored broadcast's targets by id, a stretch at a time: those found are put into
 * `people`, which may be none although there are more. *after says how far it came, 0 at first;
 * *last that there are none behind it. A stretch looks at a bounded part of the roster. Family
 * users have their id, negative, for a person.
 */
struct targeted {
	int64_t person;
	int64_t plan;
	int64_t group; /* by id; 0: a family user */
};
MUST_USE enum store_status target_next(struct store *store, int64_t broadcast, int64_t *after,
				       struct targeted *people, size_t room, size_t *count,
				       bool *last);

/* Ids of the active people that the targets name, in order; else as target_plans(). */
MUST_USE enum store_status target_people(struct store *store, const struct target *targets,
					 size_t count, int64_t **people, size_t *people_count);

/*
 * Whether a broadcast that this one excepts, or whose people it is for, has not given everybody
 * their delivery yet, or is being called off: whom it will reach is not known before.
 */
MUST_USE enum store_status target_must_wait(struct store *store, int64_t broadcast, bool *wait);

/* How many active people have an address in a region (or prefecture, where no more is known). */
struct region_count {
	char region[4];
	enum address address;
	int64_t people;
};

/*
 * All there are. Reads an index over everybody who has a region: keep it as long as
 * roster_revision() (common/store/roster.h) stays the same. The caller frees *counts.
 */
MUST_USE enum store_status target_region_counts(struct store *store, struct region_count **counts,
						size_t *count);
