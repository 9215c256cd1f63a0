#include "workers/batch.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

enum { DETAIL_MOST = 200 };

static void batch_free(struct batch *batch)
{
	free(batch->jobs);
	free(batch->contents);
	free(batch->results);
	free(batch->lanes);
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

static bool look_up(struct contents *contents, struct claim *claim, struct claimed *list,
		    size_t count, const struct content **found)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].wanted &&
		    !contents_get(contents, claim, list[i].job.broadcast, &found[i]))
			return false;
	return true;
}

bool batch_begin(struct batch *batch, struct claim *claim, struct contents *contents,
		 struct claimed *list, size_t count, char *worker)
{
	struct claims claims = {.list = list, .count = count};
	const struct content **found = mem_array(count, sizeof *found);
	bool connected =
		claim_check(claim, &claims) && look_up(contents, claim, list, count, found);

	*batch = (struct batch){
		.jobs = mem_array(count, sizeof *batch->jobs),
		.contents = mem_array(count, sizeof *batch->contents),
		.results = mem_array(count, sizeof *batch->results),
		.lanes = mem_array(count, sizeof *batch->lanes),
	};
	for (size_t i = 0; connected && i < count; i++)
		if (found[i])
			put(batch, &list[i], found[i], worker);
	batch->wanted = batch->count;
	for (size_t i = 0; connected && i < count; i++) {
		if (found[i])
			continue;
		put(batch, &list[i], NULL, worker);
		batch_report(batch, batch->count - 1, OUTCOME_NOT_TRIED,
			     list[i].wanted ? "the broadcast's content is missing" : "stopped");
	}
	free(found);
	if (!connected)
		batch_free(batch);
	return connected;
}

void batch_report(struct batch *batch, size_t i, enum outcome outcome, const char *detail)
{
	struct result *r = &batch->results[i];
	const struct job *job = &batch->jobs[i];

	assert(i < batch->count && r->outcome == OUTCOME_NONE);
	r->outcome = outcome;
	r->finished = clock_utc();
	r->detail = log_masked(detail ? detail : "", DETAIL_MOST);
	log_info("attempt.ended",
		 "attempt=%" PRId64 " broadcast=%" PRId64 " person=%" PRId64
		 " channel=%s outcome=%s detail=%s",
		 job->attempt, job->broadcast, job->person, channel_name(job->channel),
		 outcome_name(outcome), log_quote(r->detail));
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
