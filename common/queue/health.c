#include "common/queue/health.h"

#include "common/queue/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "name:value" of a line of INFO; "" where it is not there. */
static void field(const char *info, const char *name, char *to, size_t room)
{
	size_t length = strlen(name);
	const char *line = info;

	*to = '\0';
	while (line && *line) {
		if (strncmp(line, name, length) == 0 && line[length] == ':') {
			const char *value = line + length + 1;
			snprintf(to, room, "%.*s", (int)strcspn(value, "\r\n"), value);
			return;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
}

static int64_t number(const char *info, const char *name)
{
	char text[32];

	field(info, name, text, sizeof text);
	return strtoll(text, NULL, 10);
}

static void read_info(struct redis *redis, struct redis_health *health)
{
	redisReply *reply = redis_ask(redis, "INFO");
	char text[16];

	if (reply && reply->type == REDIS_REPLY_STRING) {
		const char *info = reply->str;
		field(info, "redis_version", health->version, sizeof health->version);
		field(info, "maxmemory_policy", health->policy, sizeof health->policy);
		health->memory_most = number(info, "maxmemory");
		health->memory = number(info, "used_memory");
		health->aof = number(info, "aof_enabled") == 1;
		field(info, "aof_last_write_status", text, sizeof text);
		health->aof_sound = strcmp(text, "ok") == 0;
	}
	freeReplyObject(reply);
}

static void try_to_write(struct redis *redis, struct redis_health *health)
{
	const char *key = redis_key(redis, "doctor");
	redisReply *reply = redis_ask(redis, "SET %s 1 PX 1000", key);

	health->writable = reply && reply->type == REDIS_REPLY_STATUS;
	if (reply && reply->type == REDIS_REPLY_ERROR)
		snprintf(health->why, sizeof health->why, "%s", reply->str);
	else if (!reply)
		snprintf(health->why, sizeof health->why, "%s", redis_error(redis));
	freeReplyObject(reply);
	freeReplyObject(redis_ask(redis, "DEL %s", key));
}

void redis_health_read(const struct settings *settings, struct redis_health *health)
{
	struct redis *redis = redis_new(settings);
	bool embedded = strcmp(settings->redis_mode, "embedded") == 0;

	*health = (struct redis_health){
		.tcp = !embedded && strncmp(settings->redis_address, "unix:", 5) != 0,
		.password = !embedded && *settings->redis_password,
	};
	health->reached = redis_connect(redis);
	if (health->reached) {
		read_info(redis, health);
		try_to_write(redis, health);
	} else {
		snprintf(health->why, sizeof health->why, "%s", redis_error(redis));
	}
	redis_free(redis);
}
