#pragma once

/*
 * What came of a trial (common/store/trial.h), address by address, as JSON and as text: also the
 * addresses not tried, with the reason.
 */

#include "common/store/people.h"
#include "common/store/roster.h"
#include "common/store/trial.h"
#include "dispatcher/cli/command.h"

struct trial {
	struct person person;
	struct roster_card card;
	int64_t ids[TRIAL_BROADCASTS]; /* in dial order */
	size_t count;
	bool addresses; /* in full */
};

/* The person and their contacts. The exit code; says what was wrong. */
MUST_USE int trial_begin(struct cli *cli, const char *user, struct trial *trial);
void trial_free(struct trial *trial);

/* How far it is. Addresses that answer or refuse are done; so are those that will not be tried. */
struct trial_state {
	int64_t addresses, done;
	bool refused;     /* one of them for good */
	bool not_reached; /* one of them for now: busy, nobody there, an outage */
};
/* *answer: what trial_print() takes; freed by the caller. */
MUST_USE enum store_status trial_load(struct cli *cli, const struct trial *trial, json_t **answer,
				      struct trial_state *state);
void trial_print(const json_t *answer);
