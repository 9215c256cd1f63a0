#include "dispatcher/scheduler/loop.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/ready.h"
#include "common/conf/confine.h"
#include "common/conf/logging.h"
#include "common/queue/poke.h"
#include "dispatcher/scheduler/calls.h"
#include "dispatcher/scheduler/compare.h"
#include "dispatcher/scheduler/handover.h"
#include "dispatcher/scheduler/posting.h"
#include "dispatcher/scheduler/settled.h"
#include "dispatcher/scheduler/turn.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	POLL_MS = 200,      /* how long a fact may go unseen whose poke was lost */
	GATHER_MS = 20,     /* between turns for pokes: what comes in between is taken together */
	LOOK_MS = 1000,     /* between looks at the belt while jobs are out */
	POST_MS = 1000,     /* between postings of the figures */
	RETRY_MS = 1000,    /* after the store failed */
	RECONNECT_MS = 500, /* after the belt broke */
	SIGNALS = 3,
	/* Pages of the store's log, 4 MB, that are put into the database at a time: so little that no
	 * answer waits long for the disk behind it. */
	LOG_PAGES = 1024,
};

struct loop {
	struct scheduler s;
	struct event_base *base;
	struct event *wake; /* the next turn */
	struct event *gather;
	struct event *poll, *look, *post, *poked, *signals[SIGNALS];
	struct posting *posting;
	int poke_fd, lock_fd;
	int64_t turned_at;    /* monotonic: when the last turn began */
	int64_t seen_version; /* of the store, at the last turn */
	int64_t retry_at;     /* monotonic: no turn before, the store failed */
	int64_t reconnect_at; /* monotonic */
	bool complained;      /* that the belt is gone */
};

static void wake_at(struct loop *l, int64_t monotonic)
{
	int64_t ms = monotonic - clock_monotonic();
	struct timeval when = {0};

	if (monotonic == INT64_MAX)
		return;
	if (ms > 0)
		when = (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	event_add(l->wake, &when);
}

/* the belt */

static void drop_belt(struct loop *l)
{
	if (!l->complained)
		log_warning("belt.gone", "error=%s", log_quote(belt_error(l->s.belt)));
	l->complained = true;
	belt_disconnect(l->s.belt);
	l->s.belt_state = BELT_GONE;
	l->reconnect_at = clock_monotonic() + RECONNECT_MS;
}

static void connect_belt(struct loop *l)
{
	if (clock_monotonic() < l->reconnect_at)
		return;
	if (!belt_connect(l->s.belt) || !compare_on_connect(&l->s)) {
		drop_belt(l);
		return;
	}
	log_info("belt.connected", NULL);
	l->complained = false;
}

static void on_results(void *arg)
{
	struct loop *l = arg;

	l->s.results_there = true;
	wake_at(l, 0);
}

static void on_belt_lost(void *arg)
{
	drop_belt(arg);
}

/* A channel that has just been confirmed down gives back what nobody works on. */
static bool recall_from_dead_channels(struct loop *l)
{
	struct scheduler *s = &l->s;
	bool done;

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		struct pacer *p = &s->pacers[c];
		turn_listen(s, p);
		if (!p->recall) {
			walks_recall_no_more(s, (enum channel)c);
			continue;
		}
		if (!walks_recall(s, (enum channel)c, &done))
			return false;
		if (done)
			p->recall = p->probing = false;
		else
			event_active(l->look, EV_TIMEOUT, 0); /* behind a turn */
		wake_at(l, 0); /* what was taken back waits again; the probe may be among it */
	}
	return true;
}

static void look_at_belt(struct loop *l)
{
	struct scheduler *s = &l->s;

	if (s->belt_state == BELT_GONE)
		connect_belt(l);
	else if (s->belt_state == BELT_SETTLING && clock_monotonic() >= s->settled_at &&
		 !compare_settled(s))
		drop_belt(l);
	else if (s->belt_state == BELT_RUNNING &&
		 (!recall_from_dead_channels(l) || !compare_now_and_then(s)))
		drop_belt(l);
}

/* turns */

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	struct scheduler *s = &l->s;
	int64_t next, overdue, now = clock_monotonic();

	(void)fd;
	(void)what;
	if (now < l->retry_at) {
		wake_at(l, l->retry_at);
		return;
	}
	bool had_belt = s->belt_state != BELT_GONE;
	l->turned_at = now;
	l->seen_version = store_version(s->store);
	if (turn(s) || handover_next(s, &next) || calls_next(s, &overdue)) {
		l->retry_at = now + RETRY_MS;
		wake_at(l, l->retry_at);
		return;
	}
	if (had_belt && s->belt_state == BELT_GONE)
		drop_belt(l);
	/* Redis is at work on what the turn handed over. */
	store_checkpoint(s->store, LOG_PAGES);
	next = next < overdue ? next : overdue;
	wake_at(l, s->more ? 0 : next);
}

static void on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd;
	(void)what;
	if (store_version(l->s.store) != l->seen_version)
		wake_at(l, 0);
}

static void on_look(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	enum belt_state before = l->s.belt_state;

	(void)fd;
	(void)what;
	look_at_belt(l);
	if (l->s.belt_state != before || l->s.results_there)
		wake_at(l, 0);
}

static void on_gathered(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	wake_at(arg, 0);
}

static void on_post(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd;
	(void)what;
	if (!posting_renew(l->posting, &l->s))
		drop_belt(l);
}

/* The first at once; where thousands answer a second, a turn each would do nothing but begin. */
static void on_poke(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	int64_t passed = clock_monotonic() - l->turned_at;
	const struct timeval rest = {.tv_usec = (GATHER_MS - passed) * 1000};

	(void)what;
	poke_drain(fd);
	if (passed >= GATHER_MS)
		wake_at(l, 0);
	else if (!event_pending(l->gather, EV_TIMEOUT, NULL))
		event_add(l->gather, &rest);
}

/* signals */

static void on_terminate(evutil_socket_t number, short what, void *arg)
{
	struct loop *l = arg;

	(void)number;
	(void)what;
	event_base_loopbreak(l->base);
}

/* They hold whether or not the ledger could be told. */
static void record_settings(struct scheduler *s)
{
	if (settled_record(s))
		log_error("store.failed", "error=%s", log_quote(store_error(s->store)));
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
	struct loop *l = arg;

	(void)number;
	(void)what;
	if (!settings_refresh(l->s.settings))
		return;
	logging_reload(l->s.settings);
	record_settings(&l->s);
	turn_set_paces(&l->s);
	runs_unintroduce(&l->s.runs); /* base_url and organisation stand in the contents */
	wake_at(l, 0);
}

static void watch_signals(struct loop *l)
{
	static const struct {
		int number;
		event_callback_fn callback;
	} watched[SIGNALS] = {{SIGTERM, on_terminate}, {SIGINT, on_terminate}, {SIGHUP, on_hangup}};

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < SIGNALS; i++) {
		l->signals[i] = evsignal_new(l->base, watched[i].number, watched[i].callback, l);
		evsignal_add(l->signals[i], NULL);
	}
}

/* start and end */

static struct event *every(struct loop *l, int64_t ms, event_callback_fn callback)
{
	struct timeval interval = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	struct event *event = event_new(l->base, -1, EV_PERSIST, callback, l);

	event_add(event, &interval);
	return event;
}

/* Two schedulers on one store would hand everything over twice: a second one waits here. */
static int lock_scheduler(struct loop *l)
{
	char *path = settings_path(l->s.settings, "run/scheduler.lock");

	l->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (l->lock_fd < 0)
		fprintf(stderr,
			"tenko-scheduler: %s: %s; make the data directory with: tenko init %s\n",
			path, strerror(errno), l->s.settings->tenko_data_dir);
	free(path);
	if (l->lock_fd < 0)
		return EX_CANTCREAT;
	if (flock(l->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		log_warning("scheduler.waits", "why=%s",
			    log_quote("another one runs on this data"));
		while (flock(l->lock_fd, LOCK_EX) < 0 && errno == EINTR)
			;
	}
	return EX_OK;
}

static int open_store(struct loop *l)
{
	struct scheduler *s = &l->s;
	enum store_status status = store_open(s->settings->tenko_data_dir, false, &s->store);
	struct buf fault = {0}, epoch = {0};
	char *path = settings_path(s->settings, "secret.key");

	if (!status)
		status = store_meta_get(s->store, "epoch", &epoch);
	s->epoch = buf_take(&epoch);
	if (status) {
		fprintf(stderr, "tenko-scheduler: %s\n", store_error(s->store));
	} else if (!(s->keys = token_keys_load(path, &fault))) {
		fprintf(stderr, "tenko-scheduler: %s\n", buf_text(&fault));
	}
	free(path);
	buf_free(&fault);
	if (status)
		return store_exit_code(status);
	return s->keys ? EX_OK : EX_CONFIG;
}

static int open_all(struct loop *l)
{
	struct scheduler *s = &l->s;
	int code = lock_scheduler(l);

	if (!code)
		code = open_store(l);
	if (code)
		return code;
	record_settings(s);
	turn_set_paces(s);
	s->monotonic = clock_monotonic();
	if (handover_begin(s))
		return EX_IOERR;
	l->poke_fd = poke_listen(s->settings, POKED_SCHEDULER);
	if (l->poke_fd < 0) {
		fprintf(stderr, "tenko-scheduler: %s/run/scheduler.sock: %s\n",
			s->settings->tenko_data_dir, strerror(errno));
		return EX_CANTCREAT;
	}
	s->belt = belt_new(s->settings, l->base, on_results, on_belt_lost, l);
	l->wake = evtimer_new(l->base, on_wake, l);
	l->gather = evtimer_new(l->base, on_gathered, l);
	l->turned_at = s->monotonic - GATHER_MS;
	l->poll = every(l, POLL_MS, on_poll);
	l->look = every(l, LOOK_MS, on_look);
	l->posting = posting_new(s->settings);
	l->post = every(l, POST_MS, on_post);
	l->poked = event_new(l->base, l->poke_fd, EV_READ | EV_PERSIST, on_poke, l);
	event_add(l->poked, NULL);
	return EX_OK;
}

static void event_free_if(struct event *event)
{
	if (event)
		event_free(event);
}

static void close_all(struct loop *l)
{
	struct scheduler *s = &l->s;

	event_free_if(l->wake);
	event_free_if(l->gather);
	event_free_if(l->poll);
	event_free_if(l->look);
	event_free_if(l->post);
	posting_free(l->posting);
	event_free_if(l->poked);
	for (int i = 0; i < SIGNALS; i++)
		event_free_if(l->signals[i]);
	belt_free(s->belt);
	runs_forget(&s->runs);
	effects_free(&s->effects);
	token_keys_free(s->keys);
	free(s->epoch);
	store_close(s->store);
	if (l->poke_fd >= 0)
		close(l->poke_fd);
	if (l->lock_fd >= 0)
		close(l->lock_fd);
	event_base_free(l->base);
}

/* What it reads again later is allowed; what it writes is open, or in the folder run. */
static void give_up_rights(const struct scheduler *s)
{
	struct guard guard = {0};

	confine_to_store(&guard, s->settings);
	confine_to_redis(&guard, s->settings);
	confine_enter(&guard, s->settings);
	if (s->settings->tenko_confine)
		store_keep_files(s->store);
}

int loop_run(struct settings *settings)
{
	struct loop *l = mem_alloc(sizeof *l);

	l->s.settings = settings;
	l->poke_fd = l->lock_fd = -1;
	l->base = event_base_new();
	watch_signals(l);
	int code = open_all(l);
	if (!code) {
		give_up_rights(&l->s);
		connect_belt(l);
		on_post(-1, 0, l);
		ready_tell();
		log_info("scheduler.started", NULL);
		wake_at(l, 0);
		event_base_dispatch(l->base);
		log_info("scheduler.ended", NULL);
	}
	close_all(l);
	free(l);
	return code;
}
