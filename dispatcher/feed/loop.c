#include "dispatcher/feed/loop.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/ready.h"
#include "common/conf/confine.h"
#include "common/conf/datadir.h"
#include "common/conf/logging.h"
#include "common/hazard/areas.h"
#include "common/queue/poke.h"
#include "common/store/telegram.h"
#include "dispatcher/feed/drills.h"
#include "dispatcher/feed/feed.h"
#include "dispatcher/feed/intake.h"
#include "dispatcher/feed/pull.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	POLL_MS = 500,            /* how long a telegram may go unseen whose poke was lost */
	TIDY_MS = 10 * 60 * 1000, /* between looks for telegrams that were kept long enough */
	TIDY_MOST = 500,          /* telegrams at a time */
	SIGNALS = 3,
};

struct loop {
	struct feed feed;
	struct event *poll, *poked, *tidy, *signals[SIGNALS];
	int poke_fd, lock_fd;
	int64_t seen_version; /* of the store, when all that waited was taken in */
	bool left;            /* something still waits, as the store failed */
};

static int refuse(int code, const char *why)
{
	fprintf(stderr, "tenko-feed: %s\n", why);
	log_error("feed.start", "error=%s", log_quote(why));
	return code;
}

/* rules */

static void drop_rules(struct feed *feed)
{
	free(feed->drill_rules.list);
	feed->drill_rules = (struct rules){0};
	rules_free(&feed->rules);
}

/* The copies share what they point to. */
static void copy_for_drills(struct feed *feed)
{
	const struct rules *rules = &feed->rules;

	feed->drill_rules.list = mem_array(rules->count, sizeof *rules->list);
	feed->drill_rules.count = rules->count;
	for (size_t i = 0; i < rules->count; i++) {
		feed->drill_rules.list[i] = rules->list[i];
		feed->drill_rules.list[i].exercises = true;
	}
}

/* False: `fault` says why; the rules in use stay. */
static bool load_rules(struct feed *feed, struct buf *fault)
{
	char *folder = rules_folder(feed->settings->feed_rules_dir);
	struct rules fresh = {0};
	bool sound = rules_read(folder, &fresh, fault);

	if (sound) {
		drop_rules(feed);
		feed->rules = fresh;
		copy_for_drills(feed);
		log_info("feed.rules", "rules=%zu folder=%s", fresh.count, log_quote(folder));
	}
	free(folder);
	return sound;
}

/* rights */

static void allow_shipped(struct guard *guard, const char *given, const char *name)
{
	char *path = *given ? mem_string(given) : datadir_path(name);

	guard_allow(guard, path, GUARD_READ);
	free(path);
}

/* What is read again while it runs; what is written is open, or in the folder run. */
static void allow_files(const struct feed *feed, struct guard *guard)
{
	confine_to_store(guard, feed->settings);
	allow_shipped(guard, feed->settings->feed_rules_dir, "rules.d");
	allow_shipped(guard, feed->settings->broadcast_template_dir, "templates");
}

static void give_up_rights(const struct feed *feed)
{
	struct guard guard = {0};

	allow_files(feed, &guard);
	confine_enter(&guard, feed->settings);
	if (feed->settings->tenko_confine)
		store_keep_files(feed->store);
}

static void look_for_hidden_files(const struct feed *feed)
{
	struct guard guard = {0};

	allow_files(feed, &guard);
	const char *hidden = feed->settings->tenko_confine ? guard_hides(&guard) : NULL;
	if (hidden)
		log_error("feed.start_anew", "file=%s why=%s", log_quote(hidden),
			  log_quote("it was not to be read when tenko-feed gave up its rights; end "
				    "it, and it is started anew"));
	guard_clear(&guard);
}

/* telegrams */

static void look(struct loop *l)
{
	struct feed *feed = &l->feed;
	int64_t version = store_version(feed->store);

	if (l->left || version != l->seen_version) {
		l->left = !intake_waiting(feed) || !intake_held(feed) || !drills_look(feed);
		l->seen_version = version;
	} else if (clock_utc() >= feed->held_until) {
		l->left = !intake_held(feed);
	} else if (clock_utc() >= feed->drill_at) {
		l->left = !drills_look(feed);
	}
}

static void on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)fd;
	(void)what;
	look(l);
	if (l->feed.pull)
		pull_look(l->feed.pull);
}

static void on_poke(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	(void)what;
	poke_drain(fd);
	l->left = true;
	look(l);
}

static void on_tidy(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	struct store *store = l->feed.store;
	int64_t removed = 0, before = clock_utc() - l->feed.settings->feed_keep;
	enum store_status status = store_begin(store);

	(void)fd;
	(void)what;
	if (!status)
		status = telegram_prune(store, before, TIDY_MOST, &removed);
	if (!status)
		status = store_commit(store);
	if (status) {
		log_error("feed.store", "error=%s", log_quote(store_error(store)));
		store_rollback(store);
	} else if (removed) {
		log_info("feed.tidied", "telegrams=%" PRId64, removed);
	}
}

/* signals */

static void on_terminate(evutil_socket_t number, short what, void *arg)
{
	struct loop *l = arg;

	(void)number;
	(void)what;
	event_base_loopbreak(l->feed.base);
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
	struct loop *l = arg;
	struct feed *feed = &l->feed;
	struct buf fault = {0};

	(void)number;
	(void)what;
	if (settings_refresh(feed->settings)) {
		logging_reload(feed->settings);
		look_for_hidden_files(feed);
		pull_free(feed->pull);
		feed->pull = pull_new(feed);
	}
	if (!load_rules(feed, &fault))
		log_error("feed.rules", "kept=yes error=%s", log_quote(buf_text(&fault)));
	buf_free(&fault);
	look(l);
}

static void watch_signals(struct loop *l)
{
	static const struct {
		int number;
		event_callback_fn callback;
	} watched[SIGNALS] = {{SIGTERM, on_terminate}, {SIGINT, on_terminate}, {SIGHUP, on_hangup}};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow fails the write, which is told */
	for (int i = 0; i < SIGNALS; i++) {
		l->signals[i] =
			evsignal_new(l->feed.base, watched[i].number, watched[i].callback, l);
		evsignal_add(l->signals[i], NULL);
	}
}

/* start and end */

static struct event *every(struct loop *l, int64_t ms, event_callback_fn callback)
{
	struct timeval interval = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	struct event *event = event_new(l->feed.base, -1, EV_PERSIST, callback, l);

	event_add(event, &interval);
	return event;
}

/* Two of us on one store would decide everything twice: a second one waits here. */
static int lock_feed(struct loop *l)
{
	char *path = settings_path(l->feed.settings, "run/feed.lock");
	int error;

	l->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	error = errno;
	char *why = mem_format("%s: %s; make the data directory with: tenko init %s", path,
			       strerror(error), l->feed.settings->tenko_data_dir);
	int code = l->lock_fd < 0 ? refuse(EX_CANTCREAT, why) : EX_OK;
	free(why);
	free(path);
	if (!code && flock(l->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		log_warning("feed.waits", "why=%s", log_quote("another one runs on this data"));
		while (flock(l->lock_fd, LOCK_EX) < 0 && errno == EINTR)
			;
	}
	return code;
}

static int load_tables(struct loop *l)
{
	struct buf fault = {0};
	int code = EX_OK;

	if (!areas_load(&fault))
		code = refuse(EX_OSFILE, buf_text(&fault));
	else if (!load_rules(&l->feed, &fault))
		code = refuse(EX_CONFIG, buf_text(&fault));
	buf_free(&fault);
	return code;
}

static int open_store(struct loop *l)
{
	struct feed *feed = &l->feed;
	enum store_status status = store_open(feed->settings->tenko_data_dir, false, &feed->store);

	return status ? refuse(store_exit_code(status), store_error(feed->store)) : EX_OK;
}

static int open_all(struct loop *l)
{
	int code = lock_feed(l);

	if (!code)
		code = open_store(l);
	if (!code)
		code = load_tables(l);
	if (code)
		return code;
	l->poke_fd = poke_listen(l->feed.settings, POKED_FEED);
	if (l->poke_fd < 0)
		return refuse(EX_CANTCREAT, strerror(errno));
	l->poked = event_new(l->feed.base, l->poke_fd, EV_READ | EV_PERSIST, on_poke, l);
	event_add(l->poked, NULL);
	l->poll = every(l, POLL_MS, on_poll);
	l->tidy = every(l, TIDY_MS, on_tidy);
	l->left = true;
	l->feed.pull = pull_new(&l->feed);
	return EX_OK;
}

static void event_free_if(struct event *event)
{
	if (event)
		event_free(event);
}

static void close_all(struct loop *l)
{
	struct feed *feed = &l->feed;

	pull_free(feed->pull);
	event_free_if(l->poll);
	event_free_if(l->poked);
	event_free_if(l->tidy);
	for (int i = 0; i < SIGNALS; i++)
		event_free_if(l->signals[i]);
	drop_rules(feed);
	free(feed->people);
	store_close(feed->store);
	if (l->poke_fd >= 0)
		close(l->poke_fd);
	if (l->lock_fd >= 0)
		close(l->lock_fd);
	event_base_free(feed->base);
}

int loop_run(struct settings *settings)
{
	struct loop *l = mem_alloc(sizeof *l);

	l->feed.settings = settings;
	l->poke_fd = l->lock_fd = -1;
	l->feed.held_until = INT64_MAX;
	l->feed.base = event_base_new();
	if (!l->feed.base)
		abort(); /* out of memory */
	watch_signals(l);
	int code = open_all(l);
	if (!code) {
		give_up_rights(&l->feed);
		look(l);
		ready_tell();
		log_info("feed.started", NULL);
		event_active(l->tidy, EV_TIMEOUT, 0);
		event_base_dispatch(l->feed.base);
		log_info("feed.ended", NULL);
	}
	close_all(l);
	free(l);
	return code;
}
