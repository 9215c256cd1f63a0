#include "dispatcher/scheduler/posting.h"

#include "common/base/board.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/queue/posted.h"
#include "common/store/queued.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct posting {
	struct board *board; /* NULL: it could not be opened */
	bool complained;
	struct posted_queue content;
};

static void complain(struct posting *p, const char *path)
{
	if (!p->complained)
		log_error("board.failed", "file=%s error=%s", log_quote(path),
			  log_quote(strerror(errno)));
	p->complained = true;
}

struct posting *posting_new(const struct settings *settings)
{
	struct posting *p = mem_alloc(sizeof *p);
	char *path = settings_path(settings, POSTED_QUEUE);

	p->board = board_open(path, POSTED_QUEUE_VERSION, sizeof p->content);
	if (!p->board)
		complain(p, path);
	free(path);
	return p;
}

void posting_free(struct posting *posting)
{
	if (!posting)
		return;
	board_close(posting->board);
	free(posting);
}

/* A worker is one consumer of each lane's stream. */
static void add_worker(struct posted_queue *q, enum channel channel,
		       const struct consumer_figures *c)
{
	struct posted_worker *w = q->workers;

	while (w < q->workers + q->worker_count &&
	       (w->channel != (int32_t)channel ||
		strncmp(w->name, c->name, sizeof w->name - 1) != 0))
		w++;
	if (w == q->workers + POSTED_WORKERS)
		return;
	if (w == q->workers + q->worker_count) {
		q->worker_count++;
		*w = (struct posted_worker){.channel = (int32_t)channel, .idle = c->idle_ms};
		snprintf(w->name, sizeof w->name, "%.*s", (int)sizeof w->name - 1, c->name);
	}
	w->pending += c->pending;
	if (c->idle_ms < w->idle)
		w->idle = c->idle_ms;
}

static void add_stream(struct posted_queue *q, struct store *store, const struct stream_figures *f)
{
	struct posted_stream *stream = &q->streams[f->channel][f->lane];
	int64_t created = 0;

	*stream = (struct posted_stream){
		.exists = true,
		.workers = (int32_t)f->consumer_count,
		.length = f->length,
		.pending = f->pending,
	};
	if (f->oldest_id && queued_since(store, f->oldest_id, &created) == STORE_OK)
		stream->oldest_at = created;
	for (size_t i = 0; i < f->consumer_count; i++)
		if (f->consumers[i].pending || f->consumers[i].idle_ms < POSTED_WORKER_GONE_MS)
			add_worker(q, f->channel, &f->consumers[i]);
}

static bool look_at_belt(struct posted_queue *q, struct scheduler *s)
{
	struct queue_figures figures;

	if (!belt_figures(s->belt, &figures))
		return false;
	q->connected = true;
	q->results = figures.results;
	q->results_age = figures.results_age;
	q->dead = figures.dead;
	for (size_t i = 0; i < figures.stream_count; i++)
		add_stream(q, s->store, &figures.streams[i]);
	queue_figures_free(&figures);
	return true;
}

bool posting_renew(struct posting *p, struct scheduler *s)
{
	bool sound = true;

	if (!p->board)
		return true;
	p->content = (struct posted_queue){.stop_latency = s->stop_latency};
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		p->content.in_flight[c] = s->pacers[c].out;
	if (s->belt_state != BELT_GONE)
		sound = look_at_belt(&p->content, s);
	if (board_post(p->board, &p->content))
		p->complained = false;
	else
		complain(p, POSTED_QUEUE);
	return sound;
}
