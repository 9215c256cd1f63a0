#include "common/queue/redis.h"

#include "common/base/mem.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { KEY_MOST = 160, KEY_BUFFERS = 4, SILENT_SECONDS = 30 };

struct redis {
	redisContext *context; /* NULL: closed */
	size_t pending;        /* commands in the pipeline */
	bool embedded;
	char *socket, *host;
	int port, database;
	char *password;
	struct timeval timeout;
	char *prefix;
	char error[256];
};

struct redis *redis_new(const struct settings *settings)
{
	struct redis *redis = mem_alloc(sizeof *redis);
	const char *address = settings->redis_address;

	redis->embedded = strcmp(settings->redis_mode, "embedded") == 0;
	redis->prefix = mem_string(settings->redis_prefix);
	redis->password = mem_string(redis->embedded ? "" : settings->redis_password);
	redis->database = redis->embedded ? 0 : (int)settings->redis_database;
	redis->timeout = (struct timeval){
		.tv_sec = settings->redis_timeout / 1000,
		.tv_usec = settings->redis_timeout % 1000 * 1000,
	};
	if (redis->embedded) {
		redis->socket = settings_path(settings, "redis/redis.sock");
	} else if (strncmp(address, "unix:", 5) == 0) {
		redis->socket = mem_string(address + 5);
	} else {
		const char *colon = strrchr(address, ':');
		redis->port = colon ? atoi(colon + 1) : 6379;
		redis->host =
			mem_copy(address, colon ? (size_t)(colon - address) : strlen(address));
	}
	snprintf(redis->error, sizeof redis->error, "not connected yet");
	return redis;
}

void redis_free(struct redis *redis)
{
	if (!redis)
		return;
	redis_close(redis);
	free(redis->socket);
	free(redis->host);
	free(redis->password);
	free(redis->prefix);
	free(redis);
}

void redis_close(struct redis *redis)
{
	if (redis->context)
		redisFree(redis->context);
	redis->context = NULL;
	redis->pending = 0;
}

/* Keeps the reason and closes. */
static bool fail(struct redis *redis, const char *what)
{
	char place[160];

	if (redis->socket)
		snprintf(place, sizeof place, "%s", redis->socket);
	else
		snprintf(place, sizeof place, "%s:%d", redis->host, redis->port);
	snprintf(redis->error, sizeof redis->error, "Redis at %s: %s", place, what);
	redis_close(redis);
	return false;
}

bool redis_connected(const struct redis *redis)
{
	return redis->context;
}

const char *redis_error(const struct redis *redis)
{
	return redis->error;
}

/* A command of the handshake; its answer must not be an error. */
static bool greet(struct redis *redis, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	redisReply *reply = redisvCommand(redis->context, format, args);
	va_end(args);
	if (!reply)
		return fail(redis, redis->context->errstr);
	bool fine = reply->type != REDIS_REPLY_ERROR;
	char text[128];
	snprintf(text, sizeof text, "%.100s", fine ? "" : reply->str);
	freeReplyObject(reply);
	return fine || fail(redis, text);
}

/*
 * Over TCP the other machine may be gone without a word, while we wait for an answer that may take its
 * time. After half a minute without a sign of it the connection counts as broken.
 */
static bool watch_peer(struct redis *redis)
{
	unsigned int unheard_ms = SILENT_SECONDS * 1000;

	if (redis->socket)
		return true;
	return redisEnableKeepAlive(redis->context) == REDIS_OK &&
	       setsockopt(redis->context->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unheard_ms,
			  sizeof unheard_ms) == 0;
}

bool redis_connect(struct redis *redis)
{
	redis_close(redis);
	redis->context =
		redis->socket
			? redisConnectUnixWithTimeout(redis->socket, redis->timeout)
			: redisConnectWithTimeout(redis->host, redis->port, redis->timeout);
	if (!redis->context)
		return fail(redis, "out of memory");
	if (redis->context->err)
		return fail(redis, redis->context->errstr);
	if (redisSetTimeout(redis->context, redis->timeout) != REDIS_OK)
		return fail(redis, "cannot set the timeout");
	if (!watch_peer(redis))
		return fail(redis, "cannot watch the connection");
	if (redis->password[0] && !greet(redis, "AUTH %s", redis->password))
		return false;
	if (redis->database && !greet(redis, "SELECT %d", redis->database))
		return false;
	return greet(redis, "PING");
}

void redis_add(struct redis *redis, size_t count, const char *const *args,
	       const size_t *lengths)
{
	if (!redis->context)
		return;
	/* hiredis does not write through the arguments. */
	const char **argv = (const char **)(uintptr_t)args;
	if (redisAppendCommandArgv(redis->context, (int)count, argv, lengths) == REDIS_OK)
		redis->pending++;
	else
		fail(redis, redis->context->errstr);
}

void redis_addf(struct redis *redis, const char *format, ...)
{
	va_list args;

	if (!redis->context)
		return;
	va_start(args, format);
	if (redisvAppendCommand(redis->context, format, args) == REDIS_OK)
		redis->pending++;
	else
		fail(redis, redis->context->errstr);
	va_end(args);
}

void redis_add_encoded(struct redis *redis, const char *bytes, size_t length, size_t count)
{
	if (!redis->context || count == 0)
		return;
	if (redisAppendFormattedCommand(redis->context, bytes, length) == REDIS_OK)
		redis->pending += count;
	else
		fail(redis, redis->context->errstr);
}

bool redis_push(struct redis *redis)
{
	int done = 0;

	while (redis->context && !done)
		if (redisBufferWrite(redis->context, &done) != REDIS_OK)
			return fail(redis, redis->context->errstr);
	return redis->context;
}

bool redis_run(struct redis *redis, void (*see)(size_t i, const redisReply *reply, void *arg),
	       void *arg)
{
	for (size_t i = 0; redis->context && redis->pending > 0; i++, redis->pending--) {
		void *reply = NULL;
		if (redisGetReply(redis->context, &reply) != REDIS_OK)
			return fail(redis, redis->context->errstr);
		if (see)
			see(i, reply, arg);
		freeReplyObject(reply);
	}
	return redis->context;
}

redisReply *redis_ask(struct redis *redis, const char *format, ...)
{
	va_list args;

	if (!redis->context)
		return NULL;
	assert(redis->pending == 0); /* else this would read another command's answer */
	va_start(args, format);
	redisReply *reply = redisvCommand(redis->context, format, args);
	va_end(args);
	if (!reply)
		fail(redis, redis->context->errstr);
	return reply;
}

redisReply *redis_ask_args(struct redis *redis, size_t count, const char *const *args,
			   const size_t *lengths)
{
	if (!redis->context)
		return NULL;
	assert(redis->pending == 0);
	redisReply *reply = redisCommandArgv(redis->context, (int)count,
					     (const char **)(uintptr_t)args, lengths);
	if (!reply)
		fail(redis, redis->context->errstr);
	return reply;
}

bool redis_send(struct redis *redis, const char *format, ...)
{
	va_list args;

	if (!redis->context)
		return false;
	va_start(args, format);
	int appended = redisvAppendCommand(redis->context, format, args);
	va_end(args);
	if (appended != REDIS_OK)
		return fail(redis, redis->context->errstr);
	return redis_push(redis);
}

redisReply *redis_answer(struct redis *redis, bool *broken)
{
	void *reply = NULL;

	*broken = true;
	if (!redis->context)
		return NULL;
	if (redisBufferRead(redis->context) != REDIS_OK ||
	    redisGetReplyFromReader(redis->context, &reply) != REDIS_OK) {
		fail(redis, redis->context->errstr);
		return NULL;
	}
	*broken = false;
	return reply;
}

int redis_fd(const struct redis *redis)
{
	return redis->context ? redis->context->fd : -1;
}

const char *redis_key(const struct redis *redis, const char *format, ...)
{
	static char buffers[KEY_BUFFERS][KEY_MOST];
	static unsigned next;
	char *key = buffers[next++ % KEY_BUFFERS];
	int length = snprintf(key, KEY_MOST, "{%s}:", redis->prefix);
	va_list args;

	va_start(args, format);
	vsnprintf(key + length, (size_t)(KEY_MOST - length), format, args);
	va_end(args);
	return key;
}
