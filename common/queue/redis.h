#pragma once

/*
 * A connection to Redis, for the files of common/queue alone. Commands are pipelined: put in
 * with redis_add(), sent and answered with redis_run(). Every wait is bounded by redis.timeout;
 * after any failure the connection is closed and stays closed until redis_connect().
 */

#include "common/base/must.h"
#include "common/conf/settings.h"
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>

struct redis;

struct redis *redis_new(const struct settings *settings); /* not connected yet */
void redis_free(struct redis *redis);

/* Connects, authenticates and selects the database. False: redis_error() says why. */
MUST_USE bool redis_connect(struct redis *redis);
bool redis_connected(const struct redis *redis);
void redis_close(struct redis *redis);
const char *redis_error(const struct redis *redis); /* one line, without secrets */

/* Puts a command into the pipeline: `count` arguments. */
void redis_add(struct redis *redis, size_t count, const char *const *args,
	       const size_t *lengths);
/* The same from a format as hiredis' (%s, %b, %lld). */
void redis_addf(struct redis *redis, const char *format, ...);

/* The same for commands that stand as Redis reads them (RESP), `count` of them. */
void redis_add_encoded(struct redis *redis, const char *bytes, size_t length, size_t count);

/* Sends the pipeline; the answers are read by redis_run(), until which nothing may be asked. */
MUST_USE bool redis_push(struct redis *redis);

/*
 * Sends the pipeline and reads all answers. `see` (NULL: none) is called with each, in order;
 * an error answer is passed to it too. False when the connection broke.
 */
MUST_USE bool redis_run(struct redis *redis,
			void (*see)(size_t i, const redisReply *reply, void *arg), void *arg);

/* A single command; the caller frees the reply. NULL when the connection broke. */
MUST_USE redisReply *redis_ask(struct redis *redis, const char *format, ...);
MUST_USE redisReply *redis_ask_args(struct redis *redis, size_t count, const char *const *args,
				    const size_t *lengths);

/*
 * Sends one blocking command and returns; when redis_fd() becomes readable redis_answer() gives
 * the reply, or NULL with *broken false while it is not whole yet.
 */
MUST_USE bool redis_send(struct redis *redis, const char *format, ...);
MUST_USE redisReply *redis_answer(struct redis *redis, bool *broken);
int redis_fd(const struct redis *redis);

/* "{prefix}:name", in one of four rotating buffers. */
const char *redis_key(const struct redis *redis, const char *format, ...) PRINTF(2, 3);
