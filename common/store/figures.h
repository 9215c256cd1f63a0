#pragma once

/*
 * How a broadcast stands, from the counters that the scheduler keeps: a handful of rows,
 * however many people it is for. All of it is of one moment.
 *
 * targeted = waiting + in flight + answered + exhausted + cancelled. While people are still
 * being given their delivery, those without one count as waiting.
 */

#include "common/base/vocabulary.h"
#include "common/store/family.h"
#include "common/store/states.h"
#include "common/store/store.h"
#include <jansson.h>
#include <stddef.h>

struct answer_figure {
	char *key;
	char *label[LANGUAGES];
	int64_t people;
};

struct figures {
	int64_t broadcast;
	char *title;
	enum kind kind;
	enum broadcast_state state;
	bool fanned_out; /* everybody has their delivery */
	int64_t requested_at, started_at, finished_at, expires_at; /* 0: not yet */
	int64_t targeted;
	int64_t people[DELIVERY_STATE_END];
	bool balanced;                              /* it adds up */
	unsigned channels;                          /* set of 1 << channel */
	int64_t attempts[CHANNEL_END][OUTCOME_END]; /* ended ones */
	struct {
		int64_t since; /* 0: it works, as far as anybody tried */
		char *reason;
	} down[CHANNEL_END];           /* channels that are down as a whole */
	struct answer_figure *answers; /* every choice, in the question's order */
	size_t answer_count;
	struct family_figures family; /* telling families of the answers */
	double rate;    /* attempts ended a second, over the last minute */
	int64_t eta_ms; /* until the last chain ends, at most; -1: not known, or over */
	/*
	 * People tried on their first contact, and how long until so many of those who can be reached
	 * were (0: they are). figures_load() leaves it at -1, not known: see common/roster/outlook.h.
	 */
	int64_t tried, half_ms, most_ms, first_ms; /* 50 %, 90 %, all */
};

/* The broadcast by id, or the newest where id is 0. STORE_NONE: no such broadcast. */
MUST_USE enum store_status figures_load(struct store *store, int64_t id, int64_t now,
					struct figures **figures);
void figures_free(struct figures *figures); /* NULL is allowed */

/* Nothing more will happen: everybody answered, is exhausted or was called off. */
MUST_USE bool figures_over(const struct figures *figures);

MUST_USE json_t *figures_json(const struct figures *figures);

/* Keeps how long all chains take if nobody answers: from it and the time gone by comes eta_ms.
 */
MUST_USE enum store_status figures_has_forecast(struct store *store, int64_t broadcast,
						bool *has);
MUST_USE enum store_status figures_keep_forecast(struct store *store, int64_t broadcast,
						 int64_t all_ms);
