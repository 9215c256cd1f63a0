#pragma once

/*
 * Telephone calls: who is on one, what the provider said of it (facts that the reply endpoint
 * appends and the scheduler reads in order of id), and which are overdue.
 *
 * An attempt that is not closed stands in one of three places: on the belt, placed (it has a
 * reference and a time by which its end is expected), or riding on another attempt's call.
 */

#include "common/base/call.h"
#include "common/store/delivery.h"
#include "common/store/store.h"

/* the conversation */

struct call_party {
	int64_t attempt, broadcast, person;
	int64_t leader; /* the attempt whose call it is; itself, where it rides on no other's */
};

/* STORE_NONE: no such attempt. */
MUST_USE enum store_status call_party_load(struct store *store, int64_t attempt,
					   struct call_party *party);

/* The first on the call after an attempt (0: from the first) whose person has not answered yet.
 * STORE_NONE: nobody is left. */
MUST_USE enum store_status call_party_next(struct store *store, int64_t leader, int64_t after,
					   struct call_party *party);

/* what the provider said */

enum { CALL_ANSWERED_BY_MOST = 32 };

struct call_event {
	int64_t id; /* set when it is read */
	int64_t attempt;
	enum call_status status;
	char sid[REFERENCE_MOST + 1];
	char answered_by[CALL_ANSWERED_BY_MOST + 1];
	int64_t sequence, at;
};

/* In a transaction of the caller's. What was said already is not kept twice. */
MUST_USE enum store_status call_event_append(struct store *store, const struct call_event *event);

MUST_USE enum store_status facts_call_events(struct store *store, struct call_event *list,
					     size_t room, size_t *count);
/* Whether any event of the attempt's call said that a machine took it. */
MUST_USE enum store_status call_machine_heard(struct store *store, int64_t attempt, bool *machine);

/* the scheduler's */

/* The call is under way; the first reference stays. */
MUST_USE enum store_status attempt_place(struct store *store, int64_t attempt,
					 const char *reference, int64_t expected_by);
/* The provider is being asked; a new deadline. */
MUST_USE enum store_status attempt_ask(struct store *store, int64_t attempt, int64_t expected_by);

/* Open attempts that ride on a call, by id. */
MUST_USE enum store_status attempt_riders(struct store *store, int64_t leader, int64_t *list,
					  size_t room, size_t *count);

struct overdue {
	int64_t attempt;
	char reference[REFERENCE_MOST + 1];
	bool looked;
};
MUST_USE enum store_status attempt_overdue(struct store *store, int64_t now, struct overdue *list,
					   size_t room, size_t *count);
/* When the next one will be; INT64_MAX: none. */
MUST_USE enum store_status attempt_next_overdue(struct store *store, int64_t *at);

/* Open attempts that are placed, and not riding. */
MUST_USE enum store_status attempt_placed_count(struct store *store, int64_t *count);

/* Whether an open attempt has the number. */
MUST_USE enum store_status call_number_taken(struct store *store, const char *number, bool *taken);

/* Deliveries of a broadcast that wait in one of two queues, are due, and whose person has the
 * number among the telephones dialled; in order of id. */
MUST_USE enum store_status delivery_sharing(struct store *store, const struct delivery *with,
					    const char *number, const int queues[2], int64_t now,
					    struct delivery *list, size_t room, size_t *count);
