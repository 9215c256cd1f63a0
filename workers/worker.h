#pragma once

/*
 * The skeleton of every worker: settings, signals, the connection to the queue, claim ->
 * deliver
 * -> report. A channel supplies one function and a few facts.
 *
 * Promises: a claimed job is reported once, with what is known of it, or it stays claimed and
 * is handed to another worker. A job whose person has answered, or whose broadcast was paused
 * or called off, is given back untried. A worker that is killed between the send and the report
 * leaves its batch to be sent again: the one window in which a message may go out twice, at
 * most one batch a worker. SIGTERM ends after the batch in hand; SIGHUP reloads between
 * batches. A worker reads its settings and the files they name, and no other file of the data
 * directory; where one of them is another file after a reload, it ends (75) to be started anew.
 */

#include "common/base/guard.h"
#include "common/base/vocabulary.h"
#include "common/conf/settings.h"
#include "common/queue/job.h"
#include "common/queue/look.h"

struct worker;

struct worker_channel {
	enum channel channel;
	const char *program; /* "tenko-mail" */
	const char *purpose; /* one line for --help */
	/* How many jobs are claimed at a time. */
	int64_t (*batch)(const struct settings *settings);
	/* Called once before anything else, and again after a reload. False: cannot run. */
	bool (*open)(struct worker *worker, const struct settings *settings);
	/*
	 * Delivers `count` jobs of one channel and reports each with worker_report(), before it
	 * returns. `content` stands beside each job. Must return within redis.claim_timeout.
	 */
	void (*deliver)(struct worker *worker, const struct job *jobs,
			const struct content *const *contents, size_t count);
	/*
	 * Asks the other side what became of attempts whose end is overdue, and fills in the outcomes.
	 * NULL: the channel ends its attempts itself.
	 */
	void (*look)(struct worker *worker, struct look *looks, size_t count);
	void (*close)(struct worker *worker);
	/* Allows the files that open() reads, by the settings; NULL: none. */
	void (*files)(struct guard *guard, const struct settings *settings);
};

const struct settings *worker_settings(const struct worker *worker);

/* The channel's own state, set in open(). */
void worker_set_state(struct worker *worker, void *state);
void *worker_state(const struct worker *worker);

/*
 * Whether jobs[i] may still be begun: to be asked right before it is, as a batch takes its time and
 * people answer meanwhile. What we know is a quarter of a second old at most; where the queue is
 * gone and nothing can be known, nothing is begun. What is not goes back as OUTCOME_NOT_TRIED.
 * `worker` is a struct worker, so that this can be handed to who sends (wanted_fn).
 */
bool worker_wanted(void *worker, size_t i);

/*
 * How the attempt of jobs[i] ended. `detail` in the other side's words (its addresses are
 * masked here), or NULL. A job reported twice is a bug (asserted).
 */
void worker_report(struct worker *worker, size_t i, enum outcome outcome, const char *detail);

/* The call of jobs[i] was placed, and this is the provider's id of it: OUTCOME_PLACED. */
void worker_report_placed(struct worker *worker, size_t i, const char *reference);
/* Before worker_report(): these devices of jobs[i] are no more, by id: "3 4". */
void worker_report_gone(struct worker *worker, size_t i, const char *ids);

/*
 * The channel as a whole is down. Jobs not reported yet are reported as an outage when deliver
 * returns, and the worker claims nothing for a while: 1 s, doubling to 30 s while it lasts.
 */
void worker_outage(struct worker *worker, const char *why);

/* The program: does not return before it is told to end. The exit code. */
int worker_main(int argc, char **argv, const struct worker_channel *channel);
