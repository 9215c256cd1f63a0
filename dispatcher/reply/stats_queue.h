#pragma once

/*
 * The queue's part of /stats.json. Answers to people come first: Redis is asked once a second at
 * most and given little time, and left alone for a while after it did not answer.
 */

#include "dispatcher/reply/server.h"
#include <jansson.h>

/* Null where Redis cannot be reached. */
MUST_USE json_t *stats_queue(struct server *server);
