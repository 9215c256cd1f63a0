#include "dispatcher/scheduler/runs.h"

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/store/totals.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run_free(struct run *run)
{
	broadcast_free(run->b);
	group_counts_free(&run->groups);
	free(run);
}

static enum store_status read_counters(struct store *store, struct run *run)
{
	for (int state = 1; state < DELIVERY_STATE_END; state++) {
		enum store_status status =
			tally_get(store, run->b->id, TALLY_STATE, state, &run->states[state]);
		if (status)
			return status;
	}
	return STORE_OK;
}

enum store_status runs_get(struct runs *runs, struct store *store, int64_t broadcast,
			   struct run **result)
{
	for (size_t i = 0; i < runs->count; i++) {
		*result = runs->list[i];
		if ((*result)->b->id == broadcast)
			return STORE_OK;
	}
	struct run *run = mem_alloc(sizeof *run);
	enum store_status status = broadcast_load(store, broadcast, &run->b);
	if (!status)
		status = read_counters(store, run);
	if (status) {
		run_free(run);
		return status;
	}
	/* One that was over already is known there; a late reply to it needs its own mark alone. */
	run->introduced = run_is_idle(run);
	runs->list = mem_resize(runs->list, runs->count + 1, sizeof(struct run *));
	runs->list[runs->count++] = run;
	*result = run;
	return STORE_OK;
}

enum store_status runs_load_open(struct runs *runs, struct store *store)
{
	int64_t *ids;
	size_t count;
	struct run *run;
	enum store_status status = broadcast_open_ids(store, &ids, &count);

	for (size_t i = 0; !status && i < count; i++)
		status = runs_get(runs, store, ids[i], &run);
	free(ids);
	return status;
}

void run_move(struct run *run, enum broadcast_state to, int64_t now)
{
	struct broadcast *b = run->b;

	assert(broadcast_may_move(b->state, to));
	log_info("broadcast.state", "broadcast=%" PRId64 " from=%s to=%s", b->id,
		 broadcast_state_name(b->state), broadcast_state_name(to));
	if (b->state == BROADCAST_REQUESTED)
		b->started_at = now;
	bool over = to == BROADCAST_FINISHED || to == BROADCAST_CANCELLED;
	b->finished_at = over ? now : 0;
	b->state = to;
	run->changed = true;
	if (to != BROADCAST_FINISHED)
		run->introduced = false; /* the belt is told of the new state */
}

void run_count(struct run *run, enum delivery_state from, enum delivery_state to)
{
	if (from != DELIVERY_NONE) {
		run->states[from]--;
		run->state_changes[from]--;
	}
	run->states[to]++;
	run->state_changes[to]++;
}

static enum store_status store_answers(struct store *store, struct run *run)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < RUN_CHOICES; i++)
		if (run->answered[i].n != 0)
			status = tally_add_answer(store, run->b->id, run->answered[i].choice,
						  run->answered[i].n);
	memset(run->answered, 0, sizeof run->answered);
	return status;
}

enum store_status run_count_answer(struct run *run, struct store *store, const char *choice, int n)
{
	size_t i = 0;

	while (i < RUN_CHOICES && *run->answered[i].choice &&
	       strcmp(run->answered[i].choice, choice) != 0)
		i++;
	/* More than a question has: who answers by proxy may give any. */
	if (i == RUN_CHOICES) {
		enum store_status status = store_answers(store, run);
		if (status)
			return status;
		i = 0;
	}
	snprintf(run->answered[i].choice, CHOICE_TEXT, "%s", choice);
	run->answered[i].n += n;
	return STORE_OK;
}

void runs_count_attempt(struct runs *runs, struct run *run, enum channel channel,
			enum outcome outcome)
{
	run->outcomes[channel][outcome]++;
	runs->ended[run->b->kind == KIND_DRILL][channel][outcome]++;
}

bool run_is_live(const struct run *run)
{
	return run->b->state == BROADCAST_RUNNING;
}

bool run_is_idle(const struct run *run)
{
	bool over = run->b->state == BROADCAST_FINISHED || run->b->state == BROADCAST_CANCELLED;
	return over && run->b->sweep == 0 && run->b->fanned_out;
}

static enum store_status store_counters(struct store *store, struct run *run, int64_t now)
{
	enum store_status status = STORE_OK;

	for (int i = 1; !status && i < DELIVERY_STATE_END; i++)
		if (run->state_changes[i])
			status =
				tally_add(store, run->b->id, TALLY_STATE, i, run->state_changes[i]);
	for (int c = 1; c < CHANNEL_END; c++)
		for (int o = 1; !status && o < OUTCOME_END; o++)
			if (run->outcomes[c][o])
				status = tally_add(store, run->b->id, TALLY_ATTEMPT, c * 256 + o,
						   run->outcomes[c][o]);
	if (!status)
		status = store_answers(store, run);
	if (!status)
		status = group_counts_store(&run->groups, store);
	if (!status && (run->attempts_ended || run->answers))
		status = progress_add(store, run->b->id, now, run->attempts_ended, run->answers);
	memset(run->state_changes, 0, sizeof run->state_changes);
	memset(run->outcomes, 0, sizeof run->outcomes);
	run->attempts_ended = run->answers = 0;
	return status;
}

static enum store_status store_totals(struct store *store, struct runs *runs)
{
	enum store_status status = STORE_OK;

	for (int c = 1; c < CHANNEL_END; c++) {
		for (int o = 1; !status && o < OUTCOME_END; o++) {
			int64_t drills = runs->ended[true][c][o];
			int64_t all = runs->ended[false][c][o] + drills;
			if (all)
				status = total_add(store, TOTAL_ATTEMPT, c * 256 + o, all);
			if (!status && drills)
				status = total_add(store, TOTAL_DRILL, c * 256 + o, drills);
		}
	}
	memset(runs->ended, 0, sizeof runs->ended);
	return status;
}

enum store_status runs_store(struct runs *runs, struct store *store, int64_t now)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; !status && i < runs->count; i++) {
		struct run *run = runs->list[i];
		status = store_counters(store, run, now);
		if (!status && run->changed)
			status = broadcast_save(store, run->b);
		run->changed = false;
	}
	return status ? status : store_totals(store, runs);
}

void runs_tidy(struct runs *runs)
{
	size_t kept = 0;

	for (size_t i = 0; i < runs->count; i++) {
		if (run_is_idle(runs->list[i]))
			run_free(runs->list[i]);
		else
			runs->list[kept++] = runs->list[i];
	}
	runs->count = kept;
}

void runs_forget(struct runs *runs)
{
	for (size_t i = 0; i < runs->count; i++)
		run_free(runs->list[i]);
	free(runs->list);
	*runs = (struct runs){0};
}

void runs_unintroduce(struct runs *runs)
{
	for (size_t i = 0; i < runs->count; i++)
		runs->list[i]->introduced = false;
}
