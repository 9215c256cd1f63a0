#pragma once

/* Queues and workers as they are this moment, wherever they run. */

#include "common/queue/figures.h"
#include "common/store/queued.h"
#include "dispatcher/cli/command.h"
#include "dispatcher/cli/views/local.h"
#include "dispatcher/cli/views/screen.h"

struct top_worker {
	char name[128];
	enum channel channel;
	int64_t jobs, idle_ms; /* idle: since it was last heard of */
};

struct top_feed {
	char *url, *fault;
	int64_t answered_at; /* 0: never */
};

struct top {
	int64_t at, monotonic; /* when this was seen */
	bool reached;          /* the queue was; else `fault` says why not */
	struct buf fault;
	struct queue_figures queue;
	int64_t *oldest_ms; /* by stream; -1: there is no job */
	struct top_worker *workers;
	size_t worker_count;
	struct {
		int64_t in_flight, window, rate, down_since;
		char *reason;
		struct pace_measured pace;
	} channels[CHANNEL_END];
	struct local_process processes[LOCAL_MOST];
	double percent[LOCAL_MOST]; /* of a processor, since the look before */
	size_t process_count;
	struct top_feed *feeds;
	size_t feed_count;
	int64_t running; /* broadcasts */
};

/* `before` (may be NULL) is an earlier look, for what is measured between two. */
MUST_USE int top_load(struct cli *cli, const struct top *before, struct top **top);
void top_free(struct top *top);

MUST_USE double top_rate(const struct pace_measured *pace); /* attempts a second; 0: not known */
MUST_USE json_t *top_json(const struct top *top);
void top_draw(const struct top *top, struct screen *s);
