#include "workers/worker.h"

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/options.h"
#include "common/base/ready.h"
#include "common/conf/confine.h"
#include "common/conf/logging.h"
#include "common/conf/transport.h"
#include "common/queue/claim.h"
#include "workers/batch.h"
#include "workers/contents.h"
#include "workers/recent.h"

#include <assert.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define TO(symbol) (1u << WORKER_##symbol)

/*
 * disconnected  from Redis; tried again after a while
 * resting       between two batches, or for a while after an outage of the channel
 * waiting       for new jobs
 * working       on a batch
 *
 *      symbol        name            moves to */
#define WORKER_STATES(X)                                                    \
	X(DISCONNECTED, "disconnected", TO(RESTING))                        \
	X(RESTING, "resting", TO(WORKING) | TO(WAITING) | TO(DISCONNECTED)) \
	X(WAITING, "waiting", TO(WORKING) | TO(RESTING) | TO(DISCONNECTED)) \
	X(WORKING, "working", TO(RESTING) | TO(DISCONNECTED))

#define X(symbol, name, moves) WORKER_##symbol,
enum worker_state { WORKER_STATES(X) WORKER_STATE_COUNT };
#undef X

static const struct {
	const char *name;
	unsigned moves;
} states[WORKER_STATE_COUNT] = {
#define X(symbol, name, moves) {name, moves},
	WORKER_STATES(X)
#undef X
};

/* The wait after Redis or the channel was found down; it doubles while that lasts. */
enum { BACKOFF_FIRST_MS = 1000, BACKOFF_MOST_MS = 8000, SIGNALS = 3 };

enum { SHOW_UP_S = 10 };

struct worker {
	const struct worker_channel *channel;
	struct settings *settings;
	struct event_base *loop;
	struct event *readable, *timer, *look, *presence, *signals[SIGNALS];
	struct claim *claim;
	char name[128]; /* "mail-1@host" */
	enum worker_state state;
	int64_t backoff; /* milliseconds; 0: all is well */
	bool reload, ending;
	int exit_code;
	void *channel_state;
	struct recent *recent;
	struct contents *contents;
	struct batch batch;
};

static void move(struct worker *w, enum worker_state to)
{
	assert(states[w->state].moves & 1u << to);
	log_debug("worker.state", "from=%s to=%s", states[w->state].name, states[to].name);
	w->state = to;
}

/* what a channel may call */

const struct settings *worker_settings(const struct worker *worker)
{
	return worker->settings;
}

void worker_set_state(struct worker *worker, void *state)
{
	worker->channel_state = state;
}

void *worker_state(const struct worker *worker)
{
	return worker->channel_state;
}

bool worker_wanted(void *worker, size_t i)
{
	struct worker *w = worker;

	return batch_wanted(&w->batch, w->claim, i);
}

void worker_report(struct worker *w, size_t i, enum outcome outcome, const char *detail)
{
	batch_report(&w->batch, i, outcome, detail);
}

void worker_report_placed(struct worker *w, size_t i, const char *reference)
{
	batch_refer(&w->batch, i, reference);
	batch_report(&w->batch, i, OUTCOME_PLACED, NULL);
}

void worker_report_gone(struct worker *w, size_t i, const char *ids)
{
	batch_report_gone(&w->batch, i, ids);
}

void worker_outage(struct worker *w, const char *why)
{
	free(w->batch.down);
	w->batch.down = log_masked(why, 200);
	log_warning("channel.down", "channel=%s why=%s", channel_name(w->channel->channel),
		    log_quote(w->batch.down));
}

/* the loop */

static void wake_after(struct worker *w, int64_t ms)
{
	struct timeval when = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	event_add(w->timer, &when);
}

static void back_off(struct worker *w)
{
	w->backoff = w->backoff ? w->backoff * 2 : BACKOFF_FIRST_MS;
	if (w->backoff > BACKOFF_MOST_MS)
		w->backoff = BACKOFF_MOST_MS;
	wake_after(w, w->backoff);
}

static void lose_connection(struct worker *w)
{
	log_warning("queue.lost", "error=%s", log_quote(claim_error(w->claim)));
	if (w->readable)
		event_free(w->readable);
	w->readable = NULL;
	claim_disconnect(w->claim);
	if (w->state != WORKER_DISCONNECTED)
		move(w, WORKER_DISCONNECTED);
	back_off(w);
}

/* looks */

/* What was found goes the way of all results; there is no job to let go of. */
static bool report_looks(struct worker *w, const struct look *looks, size_t count)
{
	struct result results[LOOKS_MOST];
	int lanes[LOOKS_MOST] = {0};
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (looks[i].outcome == OUTCOME_NONE)
			continue;
		log_info("attempt.looked", "attempt=%lld outcome=%s", (long long)looks[i].attempt,
			 outcome_name(looks[i].outcome));
		results[found++] = (struct result){
			.outcome = looks[i].outcome,
			.attempt = looks[i].attempt,
			.started = clock_utc(),
			.finished = clock_utc(),
			.worker = w->name,
			.detail = (char *)(uintptr_t)looks[i].detail,
			.reference = (char *)(uintptr_t)looks[i].reference,
		};
	}
	return found == 0 || claim_report(w->claim, results, lanes, found);
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	struct look looks[LOOKS_MOST];
	size_t count = 0;

	(void)fd;
	(void)what;
	if (w->state == WORKER_DISCONNECTED)
		return;
	bool connected = claim_looks(w->claim, looks, &count);
	if (connected && count > 0) {
		w->channel->look(w, looks, count);
		connected = report_looks(w, looks, count);
	}
	if (!connected)
		lose_connection(w);
}

static void on_show_up(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	if (w->state != WORKER_DISCONNECTED && !claim_show_up(w->claim))
		lose_connection(w);
}

/* For monitoring: one that has nothing to do is seen all the same. */
static void watch_presence(struct worker *w)
{
	static const struct timeval every = {.tv_sec = SHOW_UP_S};

	w->presence = event_new(w->loop, -1, EV_PERSIST, on_show_up, w);
	event_add(w->presence, &every);
}

static void watch_looks(struct worker *w)
{
	static const struct timeval every = {.tv_sec = 1};

	if (!w->channel->look)
		return;
	w->look = event_new(w->loop, -1, EV_PERSIST, on_look, w);
	event_add(w->look, &every);
}

/* batches */

static void allow_files(const struct worker *w, struct guard *guard)
{
	confine_to_settings(guard, w->settings);
	if (w->channel->files)
		w->channel->files(guard, w->settings);
}

/* What was opened up for the files that there were is good for these only. */
static bool sees_its_files(struct worker *w)
{
	struct guard guard = {0};

	allow_files(w, &guard);
	const char *hidden = w->settings->tenko_confine ? guard_hides(&guard) : NULL;
	if (hidden) {
		log_warning("worker.start_anew", "file=%s why=%s", log_quote(hidden),
			    log_quote("it is another file than at the start; the next start may "
				      "read it"));
		w->exit_code = EX_TEMPFAIL;
		w->ending = true;
		event_base_loopbreak(w->loop);
	}
	guard_clear(&guard);
	return !hidden;
}

static void reload(struct worker *w)
{
	w->reload = false;
	if (!sees_its_files(w) || !settings_refresh(w->settings) || !sees_its_files(w))
		return;
	logging_reload(w->settings);
	if (!w->channel->open(w, w->settings))
		log_error("settings.refused", "channel=%s", channel_name(w->channel->channel));
}

/* In slices of what the channel takes at a time. False: the connection broke. */
static bool work_on(struct worker *w, struct claims *claims)
{
	size_t most = (size_t)w->channel->batch(w->settings);
	bool down = false;

	for (size_t done = 0; done < claims->count;) {
		size_t count = claims->count - done < most ? claims->count - done : most;
		contents_tidy(w->contents);
		if (!batch_begin(&w->batch, w->claim, w->contents, claims->list + done, count,
				 w->name))
			return false;
		crash_point(CRASH_WORKER_CLAIMED);
		if (w->batch.wanted > 0)
			w->channel->deliver(w, w->batch.jobs, w->batch.contents, w->batch.wanted);
		crash_point(CRASH_WORKER_DELIVERED);
		down = w->batch.down;
		if (!batch_end(&w->batch, w->claim, w->recent))
			return false;
		crash_point(CRASH_WORKER_REPORTED);
		done += count;
	}
	if (down)
		back_off(w);
	else
		w->backoff = 0;
	return true;
}

/* Works on what was claimed, if anything, and comes back to resting. */
static bool work(struct worker *w, struct claims *claims)
{
	bool connected = true;

	if (claims->lost_group)
		connected = recent_report_all(w->recent, w->claim);
	if (connected && claims->count > 0) {
		move(w, WORKER_WORKING);
		connected = work_on(w, claims);
	}
	claims_free(claims);
	if (w->reload)
		reload(w);
	if (connected && w->state != WORKER_RESTING)
		move(w, WORKER_RESTING);
	return connected;
}

/* What was left over first; then asks for new jobs. */
static void go_on(struct worker *w)
{
	size_t most = (size_t)w->channel->batch(w->settings);
	struct claims claims;

	for (;;) {
		if (w->ending || evtimer_pending(w->timer, NULL))
			return;
		if (!claim_leftovers(w->claim, most, &claims)) {
			claims_free(&claims);
			break;
		}
		if (claims.count == 0 && !claims.lost_group) {
			claims_free(&claims);
			if (!claim_ask(w->claim, most))
				break;
			move(w, WORKER_WAITING);
			return;
		}
		bool emptied = claims.lost_group;
		if (!work(w, &claims))
			break;
		if (emptied) { /* until the scheduler has made the group again */
			wake_after(w, BACKOFF_FIRST_MS / 4);
			return;
		}
	}
	lose_connection(w);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	struct claims claims;

	(void)fd;
	(void)what;
	if (!claim_new_jobs(w->claim, &claims)) {
		lose_connection(w);
		return;
	}
	bool emptied = claims.lost_group;
	if (!work(w, &claims))
		lose_connection(w);
	else if (emptied)
		wake_after(w, BACKOFF_FIRST_MS / 4);
	else
		go_on(w);
}

static void connect_to_queue(struct worker *w)
{
	if (!claim_connect(w->claim) || !recent_report_unsent(w->recent, w->claim)) {
		lose_connection(w);
		return;
	}
	log_info("queue.connected", "worker=%s", w->name);
	w->backoff = 0;
	w->readable = event_new(w->loop, claim_fd(w->claim), EV_READ | EV_PERSIST, on_readable, w);
	event_add(w->readable, NULL);
	move(w, WORKER_RESTING);
	ready_tell();
	go_on(w);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	if (w->state == WORKER_DISCONNECTED)
		connect_to_queue(w);
	else if (w->state == WORKER_RESTING)
		go_on(w);
}

static void on_hangup(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd;
	(void)what;
	reload(w);
}

static void on_terminate(evutil_socket_t number, short what, void *arg)
{
	struct worker *w = arg;

	(void)number;
	(void)what;
	w->ending = true;
	event_base_loopbreak(w->loop);
}

/* The loop does not run while a batch is in hand, so none of these interrupts one. */
static void watch_signals(struct worker *w)
{
	static const struct {
		int number;
		event_callback_fn callback;
	} watched[SIGNALS] = {{SIGTERM, on_terminate}, {SIGINT, on_terminate}, {SIGHUP, on_hangup}};

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < SIGNALS; i++) {
		w->signals[i] = evsignal_new(w->loop, watched[i].number, watched[i].callback, w);
		evsignal_add(w->signals[i], NULL);
	}
}

static void name_worker(struct worker *w, int instance)
{
	char host[64] = "";

	gethostname(host, sizeof host - 1);
	snprintf(w->name, sizeof w->name, "%s-%d@%s", channel_name(w->channel->channel), instance,
		 host);
}

static void give_up_rights(const struct worker *w)
{
	struct guard guard = {0};

	allow_files(w, &guard);
	confine_enter(&guard, w->settings);
}

int worker_main(int argc, char **argv, const struct worker_channel *channel)
{
	struct daemon_options options;
	struct worker *w = mem_alloc(sizeof *w);

	options_read(argc, argv, channel->purpose, &options);
	w->channel = channel;
	w->settings = settings_read_or_exit(options.config);
	logging_open(channel_name(channel->channel), w->settings);
	confine_begin(w->settings);
	name_worker(w, options.instance);
	w->loop = event_base_new();
	w->timer = evtimer_new(w->loop, on_timer, w);
	w->claim = claim_open(w->settings, channel->channel, w->name);
	w->recent = recent_new();
	w->contents = contents_new();
	watch_signals(w);
	watch_looks(w);
	watch_presence(w);

	bool opened = channel->open(w, w->settings);
	w->exit_code = opened ? EX_OK : EX_CONFIG;
	if (opened) {
		give_up_rights(w);
		transport_log(w->settings, channel->channel);
		wake_after(w, 0);
		while (!w->ending)
			event_base_dispatch(w->loop);
		channel->close(w);
		log_info("worker.ended", "worker=%s", w->name);
	}
	if (w->readable)
		event_free(w->readable);
	event_free(w->timer);
	if (w->look)
		event_free(w->look);
	event_free(w->presence);
	for (int i = 0; i < SIGNALS; i++)
		event_free(w->signals[i]);
	claim_free(w->claim);
	recent_free(w->recent);
	contents_free(w->contents);
	event_base_free(w->loop);
	settings_free(w->settings);
	int code = w->exit_code;
	free(w);
	return code;
}
