#include "workers/batch.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

enum {
	DETAIL_MOST = 200,
	CHECK_AGAIN_MS = 250, /* how old our knowledge of the stop marks may be */
};

static void batch_free(struct batch *batch)
{
	free(batch->jobs);
	free(batch->contents);
	free(batch->results);
	free(batch->lanes);
	free(batch->go);
	free(batch->down);
	*batch = (struct batch){0};
}

static void put(struct batch *batch, const struct claimed *c, const struct content *content,
		char *worker)
{
	size_t i = batch->count++;

	batch->jobs[i] = c->job;
	batch->contents[i] = content;
	batch->lanes[i] = c->lane;
	batch->results[i] = (struct result){
		.attempt = c->job.attempt,
		.started = clock_utc(),
		.worker = worker,
	};
}

/* Which are wanted, and the contents of those. */
static bool look_up(struct contents *contents, struct claim *claim, const struct claimed *list,
		    size_t count, bool *wanted, const struct content **found)
{
	struct job *jobs = mem_array(count, sizeof *jobs);

	for (size_t i = 0; i < count; i++)
		jobs[i] = list[i].job;
	bool connected = claim_check(claim, jobs, count, wanted);
	for (size_t i = 0; connected && i < count; i++)
		if (wanted[i])
			connected = contents_get(contents, claim, jobs[i].broadcast, &found[i]);
	free(jobs);
	return connected;
}

bool batch_begin(struct batch *batch, struct claim *claim, struct contents *contents,
		 const struct claimed *list, size_t count, char *worker)
{
	const struct content **found = mem_array(count, sizeof *found);
	bool *wanted = mem_array(count, sizeof *wanted);
	int64_t now = clock_monotonic();
	bool connected = look_up(contents, claim, list, count, wanted, found);

	*batch = (struct batch){
		.checked_at = now,
		.go = mem_array(count, sizeof *batch->go),
		.jobs = mem_array(count, sizeof *batch->jobs),
		.contents = mem_array(count, sizeof *batch->contents),
		.results = mem_array(count, sizeof *batch->results),
		.lanes = mem_array(count, sizeof *batch->lanes),
	};
	for (size_t i = 0; connected && i < count; i++)
		if (found[i])
			put(batch, &list[i], found[i], worker);
	batch->wanted = batch->count;
	for (size_t i = 0; i < batch->wanted; i++)
		batch->go[i] = true;
	for (size_t i = 0; connected && i < count; i++) {
		if (found[i])
			continue;
		put(batch, &list[i], NULL, worker);
		batch_report(batch, batch->count - 1, OUTCOME_NOT_TRIED,
			     wanted[i] ? "the broadcast's content is missing" : "stopped");
	}
	free(wanted);
	free(found);
	if (!connected)
		batch_free(batch);
	return connected;
}

bool batch_wanted(struct batch *batch, struct claim *claim, size_t i)
{
	int64_t now = clock_monotonic();

	assert(i < batch->wanted);
	if (!batch->blind && now - batch->checked_at >= CHECK_AGAIN_MS) {
		batch->blind = !claim_check(claim, batch->jobs, batch->wanted, batch->go);
		batch->checked_at = now;
	}
	return !batch->blind && batch->go[i];
}

void batch_report(struct batch *batch, size_t i, enum outcome outcome, const char *detail)
{
	struct result *r = &batch->results[i];
	const struct job *job = &batch->jobs[i];

	assert(i < batch->count && r->outcome == OUTCOME_NONE);
	r->outcome = outcome;
	r->finished = clock_utc();
	r->detail = log_masked(detail ? detail : "", DETAIL_MOST);
	const struct log_id ids[] = {
		{"attempt", NULL, job->attempt},
		{"broadcast", NULL, job->broadcast},
		{"person", NULL, job->person},
		{"channel", channel_name(job->channel), 0},
		{"outcome", outcome_name(outcome), 0},
		{"detail", log_quote(r->detail), 0},
	};
	log_ids("attempt.ended", ids, LENGTH(ids));
}

void batch_refer(struct batch *batch, size_t i, const char *reference)
{
	struct result *r = &batch->results[i];

	assert(i < batch->count && r->outcome == OUTCOME_NONE && !r->reference);
	r->reference = mem_string(reference);
}

void batch_report_gone(struct batch *batch, size_t i, const char *ids)
{
	struct result *r = &batch->results[i];

	assert(i < batch->count && r->outcome == OUTCOME_NONE && !r->gone);
	r->gone = mem_string(ids);
}

bool batch_end(struct batch *batch, struct claim *claim, struct recent *recent)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->results[i].outcome != OUTCOME_NONE)
			continue;
		assert(batch->down); /* a channel reports every job, or an outage */
		batch_report(batch, i, OUTCOME_OUTAGE, batch->down);
	}
	bool sent = claim_report(claim, batch->results, batch->lanes, batch->count);
	for (size_t i = 0; i < batch->count; i++)
		recent_keep(recent, &batch->results[i], batch->lanes[i], sent);
	batch_free(batch);
	return sent;
}
