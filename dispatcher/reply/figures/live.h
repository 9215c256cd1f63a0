#pragma once

/*
 * The figures as they change, to all who watch the dashboard: server-sent events
 * (https://html.spec.whatwg.org/, 9.2), each the JSON of /stats.json with, beside each broadcast, its
 * choices, its curve and its groups. They are read once a second for all watchers together, and
 * not at all while nobody watches.
 */

#include "dispatcher/reply/http/respond.h"

struct live;

struct live *live_new(struct server *server);
void live_free(struct live *live); /* NULL is allowed; when the connections are gone */

/* Answers the visit with the figures of now and of every change. */
void live_watch(struct live *live, struct visit *visit);

/* Ends all that go on, so that the connections can end. */
void live_end(struct live *live);
