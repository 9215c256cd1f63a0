#pragma once

/* What monitoring wants to know of the belt. Reads only. */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include "common/conf/settings.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct consumer_figures {
	char name[128];
	int64_t pending; /* jobs it holds */
	int64_t idle_ms; /* since it last asked for jobs or reported */
};

struct stream_figures {
	enum channel channel;
	int lane;
	int64_t length;    /* jobs, those that workers hold among them */
	int64_t pending;   /* jobs that workers hold */
	int64_t oldest_id; /* attempt id of the oldest job; 0: none */
	int64_t last_id;   /* attempt id of the last job ever handed over */
	struct consumer_figures *consumers;
	size_t consumer_count;
};

struct queue_figures {
	struct stream_figures *streams; /* those that exist, by channel and lane */
	size_t stream_count;
	int64_t results;     /* reports of workers, each of several results, not taken in yet */
	int64_t results_age; /* milliseconds since the oldest of them was reported */
	int64_t dead;        /* records that could not be read */
};

struct redis;

/* Asks on a connection that is open, in one round trip. False: it broke. */
MUST_USE bool queue_figures_ask(struct redis *redis, struct queue_figures *figures);

/* False, with a sentence in `fault`, where Redis cannot be reached. */
MUST_USE bool queue_figures_read(const struct settings *settings, struct queue_figures *figures,
				 struct buf *fault);
void queue_figures_free(struct queue_figures *figures);
