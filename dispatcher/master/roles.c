#include "dispatcher/master/roles.h"

#include "common/base/mem.h"
#include "common/base/vocabulary.h"
#include "dispatcher/master/ground.h"
#include "dispatcher/master/refuse.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* Workers are all that runs here. */
static bool workers_only(const struct settings *s)
{
	return *s->roles_workers;
}

static bool runs(const struct settings *s, enum channel channel)
{
	return !workers_only(s) || channels_by_names(s->roles_workers) & 1u << channel;
}

static int64_t one(const struct settings *s)
{
	return workers_only(s) ? 0 : 1;
}

static int64_t embedded_redis(const struct settings *s)
{
	return strcmp(s->redis_mode, "embedded") == 0;
}

static int64_t mail_workers(const struct settings *s)
{
	return runs(s, CHANNEL_MAIL) ? s->workers_mail : 0;
}

/* Without an account there is nobody to ask for a call. */
static int64_t voice_workers(const struct settings *s)
{
	return runs(s, CHANNEL_VOICE) && *s->voice_accounts ? s->workers_voice : 0;
}

/* Who names push for this machine need not say again what broadcasts use. */
static int64_t push_workers(const struct settings *s)
{
	bool in_use =
		workers_only(s) || channels_by_names(s->broadcast_channels) & 1u << CHANNEL_PUSH;

	return in_use && runs(s, CHANNEL_PUSH) ? s->workers_push : 0;
}

/* Bounces may come by a pipe instead, `tenko bounce`. */
static int64_t bounce_readers(const struct settings *s)
{
	return *s->mail_bounce_maildir ? one(s) : 0;
}

static const struct role roles[] = {
	{.name = "redis", .program = NULL, .rank = RANK_REDIS, .count = embedded_redis},
	{.name = "scheduler", .program = "tenko-scheduler", .rank = RANK_SCHEDULER, .count = one},
	{.name = "reply", .program = "tenko-reply", .rank = RANK_REPLY, .count = one},
	{.name = "feed", .program = "tenko-feed", .rank = RANK_WORKERS, .count = one},
	{.name = "mail",
	 .program = "tenko-mail",
	 .rank = RANK_WORKERS,
	 .count = mail_workers,
	 .numbered = true},
	{.name = "voice",
	 .program = "tenko-voice",
	 .rank = RANK_WORKERS,
	 .count = voice_workers,
	 .numbered = true},
	{.name = "push",
	 .program = "tenko-push",
	 .rank = RANK_WORKERS,
	 .count = push_workers,
	 .numbered = true},
	{.name = "bounce",
	 .program = "tenko-bounce",
	 .rank = RANK_WORKERS,
	 .count = bounce_readers},
};

static int check_program(const char *program_dir, const char *program)
{
	char *path = mem_format("%s/%s", program_dir, program);
	int code = EX_OK;

	if (access(path, X_OK) < 0)
		code = refuse(EX_UNAVAILABLE, "%s: not there; build or install it beside tenkod",
			      path);
	free(path);
	return code;
}

int roles_check(const struct settings *s, const char *program_dir, char **redis_server)
{
	int code = EX_OK;

	*redis_server = NULL;
	for (size_t r = 0; r < LENGTH(roles) && code == EX_OK; r++)
		if (roles[r].program && roles[r].count(s) > 0)
			code = check_program(program_dir, roles[r].program);
	if (code != EX_OK || !embedded_redis(s))
		return code;
	*redis_server = ground_find_program(s->redis_server);
	if (!*redis_server)
		code = refuse(
			EX_UNAVAILABLE,
			"%s: not found; install it with: apt-get install redis-server (or see "
			"redis.server and redis.mode in the settings)",
			s->redis_server);
	return code;
}

size_t roles_make(const struct family *family, struct child ***children)
{
	size_t count = 0;

	*children = NULL;
	for (size_t r = 0; r < LENGTH(roles); r++) {
		int64_t wanted = roles[r].count(family->settings);
		*children = mem_resize(*children, count + (size_t)wanted, sizeof **children);
		for (int i = 1; i <= wanted; i++)
			(*children)[count++] = child_new(&roles[r], i, family);
	}
	return count;
}
