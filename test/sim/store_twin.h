#pragma once

/*
 * The store in memory: the interfaces of common/store that the scheduler uses, for a handful of
 * people, linked in its place. A transaction is a copy that is put back.
 */

#include "common/store/broadcast.h"
#include "common/store/call.h"
#include "common/store/delivery.h"
#include "test/sim/fault.h"

/* How much larger the world is than the small one, in which a schedule takes no time. */
#ifndef SIM_SCALE
#define SIM_SCALE 1
#endif

enum {
	PEOPLE_MOST = 4 * SIM_SCALE,
	BROADCASTS_MOST = 2,
	DELIVERIES_MOST = PEOPLE_MOST * BROADCASTS_MOST,
	ATTEMPTS_MOST = 600 * SIM_SCALE,
	FACTS_MOST = 80 * SIM_SCALE,
	CHOICES = 2,
	ADDRESS_MOST = 24,
};

struct twin_attempt {
	struct attempt is; /* its address stands below */
	char address[ADDRESS_MOST];
	enum outcome outcome; /* NONE: open */
	bool looked;
	int64_t expected_by; /* 0: not placed */
	char reference[REFERENCE_MOST + 1];

	/* for the model */
	int epoch;        /* how often its chain had begun again */
	int64_t ended_at; /* monotonic */
};

/* What a transaction changes. */
struct twin_data {
	struct broadcast broadcasts[BROADCASTS_MOST]; /* without texts; ids from 1 */
	int broadcast_count;
	struct delivery deliveries[DELIVERIES_MOST];
	int epochs[DELIVERIES_MOST];
	int delivery_count;
	int64_t replies_seen, controls_seen, calls_seen;
	int64_t marks[CHANNEL_END][2];
	int64_t states[BROADCASTS_MOST][DELIVERY_STATE_END];
	int64_t ended[BROADCASTS_MOST][CHANNEL_END][OUTCOME_END];
	int64_t totals[CHANNEL_END][OUTCOME_END];
	int64_t answers[BROADCASTS_MOST][CHOICES];
	int64_t attempts_progress[BROADCASTS_MOST], answers_progress[BROADCASTS_MOST];
	bool channel_down[CHANNEL_END];
	bool devices[PEOPLE_MOST];
	char clock[80];
	int attempt_count;
	struct twin_attempt attempts[ATTEMPTS_MOST]; /* ids from 1; the last field */
};

struct twin_person {
	int64_t plan;
	int telephones[4]; /* by position: the number, shared where it is the same */
	unsigned gone;     /* set of dial orders whose contact was taken out of the roster */
};

struct world;

struct store {
	struct faults *faults;
	struct world *world;                    /* for the model, which looks on */
	struct twin_person people[PEOPLE_MOST]; /* ids from 1 */
	int people_count;
	struct reply_fact replies[FACTS_MOST];
	struct control_fact controls[FACTS_MOST];
	struct call_event calls[FACTS_MOST];
	int reply_count, control_count, call_count;
	bool in_transaction;
	struct twin_data now, before;
};

/* NULL: no such. */
struct twin_attempt *twin_attempt(struct store *store, int64_t id);
struct delivery *twin_delivery(struct store *store, int64_t id);
const char *twin_choice(int choice);
int twin_choice_number(const char *choice);
