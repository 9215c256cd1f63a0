/* Figures of the queue and its workers, as the scheduler posted them. */

#include "dispatcher/reply/figures/metrics_put.h"

/* the queue */

void put_queue_up(struct buf *out, const char *name, const struct reading *r)
{
	exposition_number(out, name, NULL, reading_has_queue(r));
}

static int64_t length_of(const struct reading *r, const struct posted_stream *stream)
{
	(void)r;
	return stream->length;
}

static int64_t pending_of(const struct reading *r, const struct posted_stream *stream)
{
	(void)r;
	return stream->pending;
}

static int64_t oldest_of(const struct reading *r, const struct posted_stream *stream)
{
	int64_t age = reading_oldest(r, stream);

	return age < 0 ? 0 : age;
}

static void put_streams(struct buf *out, const char *name, const struct reading *r,
			int64_t (*figure)(const struct reading *r,
					  const struct posted_stream *stream),
			void (*put)(struct buf *out, const char *name, const struct label *labels,
				    int64_t number))
{
	static const char *const lanes[LANES] = {"urgent", "routine"};

	for (int c = CHANNEL_NONE + 1; reading_has_queue(r) && c < CHANNEL_END; c++)
		for (int lane = 0; lane < LANES; lane++)
			put(out, name,
			    LABELS({"channel", channel_name((enum channel)c)},
				   {"lane", lanes[lane]}),
			    figure(r, &r->queue.streams[c][lane]));
}

void put_queue_length(struct buf *out, const char *name, const struct reading *r)
{
	put_streams(out, name, r, length_of, exposition_number);
}

void put_queue_oldest(struct buf *out, const char *name, const struct reading *r)
{
	put_streams(out, name, r, oldest_of, exposition_seconds);
}

void put_pending_claims(struct buf *out, const char *name, const struct reading *r)
{
	put_streams(out, name, r, pending_of, exposition_number);
}

void put_in_flight(struct buf *out, const char *name, const struct reading *r)
{
	for (int c = CHANNEL_NONE + 1; r->queue_state == BOARD_FRESH && c < CHANNEL_END; c++)
		exposition_number(out, name, LABELS({"channel", channel_name((enum channel)c)}),
				  r->queue.in_flight[c]);
}

void put_results_waiting(struct buf *out, const char *name, const struct reading *r)
{
	if (reading_has_queue(r))
		exposition_number(out, name, NULL, r->queue.results);
}

void put_results_lag(struct buf *out, const char *name, const struct reading *r)
{
	if (reading_has_queue(r))
		exposition_seconds(out, name, NULL, r->queue.results_age);
}

void put_dead_letters(struct buf *out, const char *name, const struct reading *r)
{
	if (reading_has_queue(r))
		exposition_number(out, name, NULL, r->queue.dead);
}

static void put_workers(struct buf *out, const char *name, const struct reading *r,
			int64_t (*figure)(const struct reading *r,
					  const struct posted_worker *worker),
			void (*put)(struct buf *out, const char *name, const struct label *labels,
				    int64_t number))
{
	for (int64_t i = 0; reading_has_queue(r) && i < r->queue.worker_count; i++) {
		const struct posted_worker *w = &r->queue.workers[i];
		put(out, name,
		    LABELS({"channel", channel_name((enum channel)w->channel)},
			   {"worker", w->name}),
		    figure(r, w));
	}
}

static int64_t up_of(const struct reading *r, const struct posted_worker *worker)
{
	return reading_worker_is_up(r, worker);
}

static int64_t idle_of(const struct reading *r, const struct posted_worker *worker)
{
	return worker->idle + r->queue_age;
}

static int64_t held_of(const struct reading *r, const struct posted_worker *worker)
{
	(void)r;
	return worker->pending;
}

void put_worker_up(struct buf *out, const char *name, const struct reading *r)
{
	put_workers(out, name, r, up_of, exposition_number);
}

void put_worker_idle(struct buf *out, const char *name, const struct reading *r)
{
	put_workers(out, name, r, idle_of, exposition_seconds);
}

void put_worker_pending(struct buf *out, const char *name, const struct reading *r)
{
	put_workers(out, name, r, held_of, exposition_number);
}

void put_stop_latency(struct buf *out, const char *name, const struct reading *r)
{
	exposition_histogram(out, name, &r->queue.stop_latency);
}
