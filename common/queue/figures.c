#include "common/queue/figures.h"

#include "common/base/mem.h"
#include "common/queue/belt.h"
#include "common/queue/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value of a name in an answer of name, value, name, value ...; NULL: not there. */
static const redisReply *value_of(const redisReply *pairs, const char *name)
{
	for (size_t i = 0; i + 1 < pairs->elements; i += 2)
		if (strcmp(pairs->element[i]->str, name) == 0)
			return pairs->element[i + 1];
	return NULL;
}

static int64_t number_of(const redisReply *pairs, const char *name)
{
	const redisReply *value = value_of(pairs, name);

	if (!value)
		return 0;
	return value->type == REDIS_REPLY_INTEGER ? value->integer
	       : value->str			  ? strtoll(value->str, NULL, 10)
						  : 0;
}

static int64_t length_of(struct redis *redis, const char *key)
{
	redisReply *reply = redis_ask(redis, "XLEN %s", key);
	int64_t length = reply && reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;

	freeReplyObject(reply);
	return length;
}

static void read_consumers(struct redis *redis, const char *key, struct stream_figures *f)
{
	redisReply *reply = redis_ask(redis, "XINFO CONSUMERS %s workers", key);

	if (reply && reply->type == REDIS_REPLY_ARRAY) {
		f->consumers = mem_array(reply->elements, sizeof *f->consumers);
		for (size_t i = 0; i < reply->elements; i++) {
			const redisReply *pairs = reply->element[i];
			const redisReply *name = value_of(pairs, "name");
			struct consumer_figures *c = &f->consumers[f->consumer_count++];
			snprintf(c->name, sizeof c->name, "%s", name ? name->str : "");
			c->pending = number_of(pairs, "pending");
			c->idle_ms = number_of(pairs, "idle");
			f->pending += c->pending;
		}
	}
	freeReplyObject(reply);
}

static void read_stream(struct redis *redis, enum channel channel, int lane,
			struct queue_figures *figures)
{
	const char *key = redis_key(redis, "q:%s:%d", channel_name(channel), lane);
	struct stream_figures f = {.channel = channel, .lane = lane};
	redisReply *reply = redis_ask(redis, "XINFO STREAM %s", key);
	bool exists = reply && reply->type == REDIS_REPLY_ARRAY;

	if (exists) {
		const redisReply *first = value_of(reply, "first-entry");
		f.length = number_of(reply, "length");
		f.last_id = number_of(reply, "last-generated-id");
		if (first && first->type == REDIS_REPLY_ARRAY)
			f.oldest_id = strtoll(first->element[0]->str, NULL, 10);
	}
	freeReplyObject(reply);
	if (!exists)
		return;
	read_consumers(redis, key, &f);
	figures->streams =
		mem_resize(figures->streams, figures->stream_count + 1, sizeof *figures->streams);
	figures->streams[figures->stream_count++] = f;
}

bool queue_figures_read(const struct settings *settings, struct queue_figures *figures,
			struct buf *fault)
{
	struct redis *redis = redis_new(settings);

	*figures = (struct queue_figures){0};
	bool read = redis_connect(redis);
	for (int c = CHANNEL_NONE + 1; read && c < CHANNEL_END; c++)
		for (int lane = 0; lane < LANES; lane++)
			read_stream(redis, (enum channel)c, lane, figures);
	if (read) {
		figures->results = length_of(redis, redis_key(redis, "results"));
		figures->dead = length_of(redis, redis_key(redis, "dead"));
		read = redis_connected(redis);
	}
	if (!read) {
		buf_text_add(fault, redis_error(redis));
		queue_figures_free(figures);
	}
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
