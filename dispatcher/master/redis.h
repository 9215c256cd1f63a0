#pragma once

/*
 * The embedded Redis: a private redis-server on DATA_DIR/redis/redis.sock. No network port;
 * every command is kept in its append-only file; when memory is full it refuses rather than
 * forgets.
 */

#include "common/base/buf.h"
#include "common/conf/settings.h"

/* Its settings. They are given by standard input: a command line can be read by everyone. */
void redis_configuration(const struct settings *s, struct buf *out);

/*
 * Puts its file out of the way (redis/damaged-TIME), for when it cannot be read any more. Nothing
 * in it is needed: whatever was on the belt is handed over again.
 */
void redis_set_aside(const struct settings *s);

/* Asks whether it serves, without ever blocking: ask again a little later until it is true. */
struct redis_probe {
	int fd; /* -1: not asked yet */
};
MUST_USE bool redis_answers(struct redis_probe *probe, const struct settings *s);
void redis_probe_close(struct redis_probe *probe);
