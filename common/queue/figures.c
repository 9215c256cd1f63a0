#include "common/queue/figures.h"

#include "common/base/mem.h"
#include "common/queue/belt.h"
#include "common/queue/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is asked, in this order: of each stream two questions, and then of the rest. */
enum {
	OF_STREAM,
	OF_CONSUMERS,
	OF_STREAMS,
	ALL_STREAMS = (CHANNEL_END - 1) * LANES * OF_STREAMS,
	OF_RESULTS = ALL_STREAMS,
	OF_OLDEST_RESULT,
	OF_DEAD,
	OF_TIME,
};

/* The value of a name in an answer of name, value, name, value ...; NULL: not there. */
static const redisReply *value_of(const redisReply *pairs, const char *name)
{
	for (size_t i = 0; i + 1 < pairs->elements; i += 2)
		if (pairs->element[i]->str && strcmp(pairs->element[i]->str, name) == 0)
			return pairs->element[i + 1];
	return NULL;
}

static int64_t number_of(const redisReply *pairs, const char *name)
{
	const redisReply *value = value_of(pairs, name);

	if (!value)
		return 0;
	return value->type == REDIS_REPLY_INTEGER ? value->integer
	       : value->str                       ? strtoll(value->str, NULL, 10)
						  : 0;
}

/* The number in front of an entry's id; 0: it is none. */
static int64_t entry_number(const redisReply *entry)
{
	bool sound = entry && entry->type == REDIS_REPLY_ARRAY && entry->elements > 0 &&
		     entry->element[0]->str;

	return sound ? strtoll(entry->element[0]->str, NULL, 10) : 0;
}

struct asked {
	struct queue_figures *figures;
	struct stream_figures *stream; /* the one that is being told of; NULL: it does not exist */
};

static void see_stream(const redisReply *reply, enum channel channel, int lane, struct asked *asked)
{
	struct queue_figures *figures = asked->figures;

	asked->stream = NULL;
	if (reply->type != REDIS_REPLY_ARRAY)
		return;
	figures->streams =
		mem_resize(figures->streams, figures->stream_count + 1, sizeof *figures->streams);
	asked->stream = &figures->streams[figures->stream_count++];
	*asked->stream = (struct stream_figures){
		.channel = channel,
		.lane = lane,
		.length = number_of(reply, "length"),
		.last_id = number_of(reply, "last-generated-id"),
		.oldest_id = entry_number(value_of(reply, "first-entry")),
	};
}

static void see_consumers(const redisReply *reply, struct stream_figures *f)
{
	if (!f || reply->type != REDIS_REPLY_ARRAY)
		return;
	f->consumers = mem_array(reply->elements, sizeof *f->consumers);
	for (size_t i = 0; i < reply->elements; i++) {
		const redisReply *pairs = reply->element[i];
		const redisReply *name = value_of(pairs, "name");
		struct consumer_figures *c = &f->consumers[f->consumer_count++];
		snprintf(c->name, sizeof c->name, "%s", name && name->str ? name->str : "");
		c->pending = number_of(pairs, "pending");
		c->idle_ms = number_of(pairs, "idle");
		f->pending += c->pending;
	}
}

/* An entry's id is the time at which it came, by the clock of Redis. */
static void see_time(const redisReply *reply, struct queue_figures *figures)
{
	bool sound = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
		     reply->element[0]->str && reply->element[1]->str;
	int64_t oldest = figures->results_age; /* until now: when it came */
	int64_t now = sound ? strtoll(reply->element[0]->str, NULL, 10) * 1000 +
				      strtoll(reply->element[1]->str, NULL, 10) / 1000
			    : oldest;

	figures->results_age = oldest && now > oldest ? now - oldest : 0;
}

static void see_answer(size_t i, const redisReply *reply, void *arg)
{
	struct asked *asked = arg;
	struct queue_figures *figures = asked->figures;
	int64_t number = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
	int stream = (int)i / OF_STREAMS;

	if (i < ALL_STREAMS && i % OF_STREAMS == OF_STREAM)
		see_stream(reply, (enum channel)(CHANNEL_NONE + 1 + stream / LANES), stream % LANES,
			   asked);
	else if (i < ALL_STREAMS)
		see_consumers(reply, asked->stream);
	else if (i == OF_RESULTS)
		figures->results = number;
	else if (i == OF_OLDEST_RESULT && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0)
		figures->results_age = entry_number(reply->element[0]);
	else if (i == OF_DEAD)
		figures->dead = number;
	else if (i == OF_TIME)
		see_time(reply, figures);
}

bool queue_figures_ask(struct redis *redis, struct queue_figures *figures)
{
	struct asked asked = {.figures = figures};

	*figures = (struct queue_figures){0};
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		for (int lane = 0; lane < LANES; lane++) {
			const char *key =
				redis_key(redis, "q:%s:%d", channel_name((enum channel)c), lane);
			redis_addf(redis, "XINFO STREAM %s", key);
			redis_addf(redis, "XINFO CONSUMERS %s workers", key);
		}
	}
	const char *results = redis_key(redis, "results");
	redis_addf(redis, "XLEN %s", results);
	redis_addf(redis, "XRANGE %s - + COUNT 1", results);
	redis_addf(redis, "XLEN %s", redis_key(redis, "dead"));
	redis_addf(redis, "TIME");
	bool answered = redis_run(redis, see_answer, &asked);
	if (!answered)
		queue_figures_free(figures);
	return answered;
}

bool queue_figures_read(const struct settings *settings, struct queue_figures *figures,
			struct buf *fault)
{
	struct redis *redis = redis_new(settings);

	*figures = (struct queue_figures){0};
	bool read = redis_connect(redis) && queue_figures_ask(redis, figures);
	if (!read)
		buf_text_add(fault, redis_error(redis));
	redis_free(redis);
	return read;
}

void queue_figures_free(struct queue_figures *figures)
{
	for (size_t i = 0; i < figures->stream_count; i++)
		free(figures->streams[i].consumers);
	free(figures->streams);
	*figures = (struct queue_figures){0};
}
