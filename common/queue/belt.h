#pragma once

/*
 * The belt as the scheduler sees it: jobs out, results in, stop marks. What stands here can be
 * rebuilt from the store at any time; every function may find Redis gone, says so by false and
 * leaves it to the scheduler to connect again and compare (handover.h).
 *
 * Keys, with the prefix of the settings as hash tag so that a cluster keeps them together:
 *
 *	{tenko}:q:<channel>:<lane>  stream of jobs; an entry's id is its attempt id
 *	{tenko}:results             stream of reports (result.h); an entry is deleted once all of its
 *	                            results are committed
 *	{tenko}:dead                stream of what could not be decoded, with the reason
 *	{tenko}:stop:<broadcast>    bitmap by delivery ordinal: has answered
 *	{tenko}:halt:<broadcast>    there while a broadcast is paused or called off
 *	{tenko}:content:<broadcast> what workers need of it, JSON
 *	{tenko}:looks:<channel>     list of calls to ask about, see look.h
 *	{tenko}:epoch               whose queue it is: the store's `epoch`; gone where it was emptied
 */

#include "common/base/buf.h"
#include "common/base/vocabulary.h"
#include "common/conf/settings.h"
#include "common/queue/figures.h"
#include "common/queue/job.h"
#include "common/queue/result.h"
#include <event2/event.h>
#include <stddef.h>

enum { LANES = 2 };

struct belt;

/*
 * `on_results` is called in the loop when results may be there to be read; `on_lost` when the
 * connection that waits for them broke.
 */
struct belt *belt_new(const struct settings *settings, struct event_base *loop,
		      void (*on_results)(void *arg), void (*on_lost)(void *arg), void *arg);
void belt_free(struct belt *belt);

MUST_USE bool belt_connect(struct belt *belt);
void belt_disconnect(struct belt *belt);
const char *belt_error(const struct belt *belt);

/* Whose it is: of the store that marked it last, unless the whole was emptied since. */
enum belt_owner { BELT_OURS, BELT_EMPTIED, BELT_OTHERS };
MUST_USE bool belt_whose(struct belt *belt, const char *epoch, enum belt_owner *owner);
MUST_USE bool belt_mark_epoch(struct belt *belt, const char *epoch);

/* The largest id the stream ever held (0: it is not there); its group is made if needed. */
MUST_USE bool belt_stream_last(struct belt *belt, enum channel channel, int lane, int64_t *last);
/* Takes a stream away with its group: workers report again what they did lately. */
MUST_USE bool belt_stream_drop(struct belt *belt, enum channel channel, int lane);
/* Empties a stream for good: ids begin again. */
MUST_USE bool belt_stream_reset(struct belt *belt, enum channel channel, int lane);
/* Ids of the first entries in the stream behind `after`, in order. */
MUST_USE bool belt_stream_ids(struct belt *belt, enum channel channel, int lane, int64_t after,
			      int64_t *ids, size_t room, size_t *count);

/*
 * Jobs put together before the belt may see them: encoded as they come, so that nothing of a job has to
 * be kept. Within a stream in order of attempt.
 */
struct parcel {
	struct buf bytes, job; /* job: the one that is being encoded */
	size_t jobs;
	int64_t newest[CHANNEL_END][LANES]; /* attempt ids; 0: no job for this stream */
};
void parcel_add(struct parcel *parcel, const struct belt *belt, int lane, const struct job *job);
void parcel_clear(struct parcel *parcel); /* keeps the memory */
void parcel_free(struct parcel *parcel);

/*
 * These go into the pipeline. belt_send() sends it, and Redis works on it until belt_settle() reads
 * its answers; belt_flush() is both. *refused counts what Redis did not take.
 */
void belt_add_jobs(struct belt *belt, const struct parcel *parcel);
void belt_add_look(struct belt *belt, enum channel channel, int64_t attempt, const char *reference);
void belt_stop(struct belt *belt, int64_t broadcast, int64_t ordinal);
void belt_stop_bits(struct belt *belt, int64_t broadcast, const void *bits, size_t bytes);
void belt_halt(struct belt *belt, int64_t broadcast, bool halted);
void belt_content(struct belt *belt, const struct content *content);
void belt_retire(struct belt *belt, int64_t broadcast); /* it is over: gone in a day */
MUST_USE bool belt_send(struct belt *belt);
MUST_USE bool belt_settle(struct belt *belt, size_t *refused);
MUST_USE bool belt_flush(struct belt *belt, size_t *refused);

/*
 * Takes jobs that no worker has claimed yet out of the stream, at one stroke. taken[i] says
 * whether ids[i] was; a job that a worker has is left alone.
 */
MUST_USE bool belt_recall(struct belt *belt, enum channel channel, int lane, const int64_t *ids,
			  size_t count, bool *taken);

/*
 * Results, oldest first, `most` of them and those that were reported together with the last; reports
 * that cannot be decoded go to the dead letters. They stay in the stream until belt_results_done().
 * False: the connection broke; nothing is kept.
 */
struct results_entry {
	char id[48]; /* in the stream */
	char *texts; /* of its results */
};
struct results {
	struct result *list;
	size_t count, room;
	struct results_entry *entries;
	size_t entry_count, entry_room;
	bool more; /* there may be others behind these */
};
MUST_USE bool belt_results(struct belt *belt, size_t most, struct results *results);
MUST_USE bool belt_results_done(struct belt *belt, const struct results *results);
void results_free(struct results *results);
/* How it all stands, for monitoring. The caller frees them. */
MUST_USE bool belt_figures(struct belt *belt, struct queue_figures *figures);
/* Asks to be told by on_results when there is one. */
MUST_USE bool belt_wait_for_results(struct belt *belt);
