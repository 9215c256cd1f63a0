#pragma once

/*
 * The reply endpoint as a whole. Needs the store and the key file, and nothing else: neither
 * Redis nor the scheduler has to be there for an answer to be taken.
 *
 * SIGTERM and SIGINT: no new connections, what is in flight is finished within
 * tenko.shutdown_grace, exit 0. SIGHUP: settings and keys are read again.
 */

#include "common/auth/accounts.h"
#include "common/auth/token.h"
#include "common/auth/vapid.h"
#include "common/conf/settings.h"
#include "common/store/store.h"
#include "dispatcher/reply/http/traffic.h"
#include <event2/event.h>

struct asked_cache;
struct batch;
struct gates;
struct guesses;
struct live;
struct seen;

struct server {
	struct settings *settings;
	struct store *store;
	struct token_keys *keys;
	struct accounts accounts; /* at the telephone provider */
	struct vapid *vapid; /* NULL: no notifications are offered */
	char *hook_token;    /* NULL: hooks let nobody in */
	struct event_base *base;
	struct gates *gates;
	struct batch *batch;
	struct asked_cache *asked;
	struct guesses *guesses;
	struct live *live; /* who watches the dashboard */
	struct seen *pins; /* requests that tried a PIN */
	struct traffic traffic;
};

/* Runs until it is told to end; the exit code. Takes the settings. */
int server_run(struct settings *settings);
