#include "dispatcher/master/master.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/ready.h"
#include "common/conf/confine.h"
#include "common/conf/logging.h"
#include "common/conf/settings.h"
#include "dispatcher/master/arguments.h"
#include "dispatcher/master/background.h"
#include "dispatcher/master/child.h"
#include "dispatcher/master/generation.h"
#include "dispatcher/master/ground.h"
#include "dispatcher/master/notify.h"
#include "dispatcher/master/posting.h"
#include "dispatcher/master/refuse.h"
#include "dispatcher/master/roles.h"

#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum { POST_S = 2 }; /* between postings of the figures, where nothing changes */

enum phase { PHASE_STARTING, PHASE_UP, PHASE_ENDING };

struct master {
	struct settings *settings;
	struct family family;
	char *program_dir, *redis_server, *log;
	int lock;

	enum phase phase;
	int rank;         /* being started or ended */
	int64_t deadline; /* of ending, monotonic */
	int exit_code;
	struct child **children;
	size_t count;
	struct buf status; /* as it was told last */
	struct board *board;

	struct event *advance, *hurry, *watchdog, *post;
	struct event *signals[4];
};

/* telling how things stand */

static size_t count_running(const struct master *m)
{
	size_t running = 0;

	for (size_t i = 0; i < m->count; i++)
		running += m->children[i]->state == CHILD_RUNNING;
	return running;
}

/* "4 of 5 children run; mail-2: died; is started again soon" */
static void write_status(const struct master *m, struct buf *out)
{
	buf_format(out, "%zu of %zu children run", count_running(m), m->count);
	for (size_t i = 0; i < m->count; i++) {
		const struct child *c = m->children[i];
		if (c->state != CHILD_RUNNING)
			buf_format(out, "; %s: %s", c->name, child_state_phrase(c->state));
	}
}

/* Told only where it is news: the other side may be slow to listen. */
static void tell_status(struct master *m)
{
	struct buf status = {0};

	write_status(m, &status);
	if (strcmp(buf_text(&status), buf_text(&m->status)) != 0)
		notify_status(buf_text(&status));
	buf_free(&m->status);
	m->status = status;
}

/* starting */

/* Codes by which a program says that trying again is of no use. */
static bool cannot_run(int exit_code)
{
	return exit_code >= EX_USAGE && exit_code <= EX_CONFIG && exit_code != EX_SOFTWARE &&
	       exit_code != EX_OSERR && exit_code != EX_TEMPFAIL;
}

static bool rank_settled(const struct master *m)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct child *c = m->children[i];
		if ((int)c->role->rank == m->rank && c->state != CHILD_RUNNING &&
		    c->state != CHILD_BACKOFF)
			return false;
	}
	return true;
}

static void start_rank(struct master *m)
{
	for (size_t i = 0; i < m->count; i++)
		if ((int)m->children[i]->role->rank == m->rank)
			child_start(m->children[i]);
}

static void advance_starting(struct master *m)
{
	while (rank_settled(m) && ++m->rank < RANKS)
		start_rank(m);
	if (m->rank < RANKS)
		return;
	m->phase = PHASE_UP;
	log_info("master.up", "children=%zu running=%zu", m->count, count_running(m));
	notify_ready();
}

/* ending */

static void begin_ending(struct master *m, int exit_code)
{
	log_info("master.ending", "grace_ms=%" PRId64, m->settings->tenko_shutdown_grace);
	notify_stopping();
	m->phase = PHASE_ENDING;
	m->exit_code = exit_code;
	m->rank = RANKS;
	m->deadline = clock_monotonic() + m->settings->tenko_shutdown_grace;
	event_active(m->advance, 0, 0);
}

static bool rank_stopped(const struct master *m)
{
	for (size_t i = 0; i < m->count; i++)
		if ((int)m->children[i]->role->rank == m->rank &&
		    m->children[i]->state != CHILD_STOPPED)
			return false;
	return true;
}

/* A slow rank leaves a quarter of the time to those behind it. */
static void end_rank(struct master *m)
{
	int64_t left = m->deadline - clock_monotonic();
	int64_t wait = left < 0 ? 0 : m->rank == 0 ? left : left * 3 / 4;
	struct timeval in = {.tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000};

	for (size_t i = 0; i < m->count; i++)
		if ((int)m->children[i]->role->rank == m->rank)
			child_end(m->children[i]);
	event_add(m->hurry, &in);
}

static void advance_ending(struct master *m)
{
	while (rank_stopped(m) && --m->rank >= 0)
		end_rank(m);
	if (m->rank < 0)
		event_base_loopbreak(m->family.base);
}

static void on_hurry(evutil_socket_t fd, short what, void *arg)
{
	struct master *m = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < m->count; i++)
		if ((int)m->children[i]->role->rank >= m->rank)
			child_kill(m->children[i]);
}

/* what happens */

/* Once a loop turn at most, however many children changed in it. */
static void on_advance(evutil_socket_t fd, short what, void *arg)
{
	struct master *m = arg;

	(void)fd;
	(void)what;
	if (m->phase == PHASE_STARTING)
		advance_starting(m);
	else if (m->phase == PHASE_ENDING)
		advance_ending(m);
	if (m->phase != PHASE_ENDING) {
		tell_status(m);
		if (m->phase == PHASE_UP && count_running(m) == m->count)
			ready_tell();
	}
	generation_record(m->settings, m->children, m->count);
	posting_renew(m->board, m->children, m->count);
}

static void on_child_changed(struct child *child, void *arg)
{
	struct master *m = arg;

	if (m->phase == PHASE_STARTING && child->state == CHILD_BACKOFF && !child->served &&
	    cannot_run(child->exit_code)) {
		log_error("master.cannot_start", "child=%s exit=%d", child->name, child->exit_code);
		begin_ending(m, child->exit_code);
	}
	event_active(m->advance, 0, 0);
}

static void on_child_ended(evutil_socket_t signal_number, short what, void *arg)
{
	struct master *m = arg;
	int status;
	pid_t pid;

	(void)signal_number;
	(void)what;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < m->count; i++)
			if (m->children[i]->pid == pid)
				child_ended(m->children[i], status);
}

static void on_end(evutil_socket_t signal_number, short what, void *arg)
{
	struct master *m = arg;

	(void)what;
	log_info("master.signal", "signal=%s", sigabbrev_np(signal_number));
	if (m->phase != PHASE_ENDING) {
		begin_ending(m, EX_OK);
	} else { /* told twice: does not wait */
		m->deadline = 0;
		on_hurry(-1, 0, m);
	}
}

/* With a fault in the file everything goes on by the settings it has. */
static void on_reload(evutil_socket_t signal_number, short what, void *arg)
{
	struct master *m = arg;

	(void)signal_number;
	(void)what;
	if (m->phase == PHASE_ENDING)
		return;
	notify_reloading();
	if (settings_refresh(m->settings)) {
		logging_reload(m->settings);
		for (size_t i = 0; i < m->count; i++)
			child_reload(m->children[i]);
	}
	if (m->phase == PHASE_UP)
		notify_ready();
}

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	notify_watchdog();
}

static void on_post(evutil_socket_t fd, short what, void *arg)
{
	struct master *m = arg;

	(void)fd;
	(void)what;
	posting_renew(m->board, m->children, m->count);
}

/* the whole */

static void open_events(struct master *m)
{
	static const struct {
		int number;
		event_callback_fn handler;
	} handled[] = {{SIGCHLD, on_child_ended},
		       {SIGTERM, on_end},
		       {SIGINT, on_end},
		       {SIGHUP, on_reload}};
	_Static_assert(LENGTH(handled) == LENGTH(m->signals), "one event for each signal");
	struct event_base *base = event_base_new();
	int64_t interval = notify_watchdog_interval();

	if (!base)
		exit(refuse(EX_OSERR, "no event loop"));
	m->family.base = base;
	m->advance = event_new(base, -1, 0, on_advance, m);
	m->hurry = evtimer_new(base, on_hurry, m);
	for (size_t i = 0; i < LENGTH(handled); i++) {
		m->signals[i] = evsignal_new(base, handled[i].number, handled[i].handler, m);
		event_add(m->signals[i], NULL);
	}
	static const struct timeval seconds = {.tv_sec = POST_S};
	m->post = event_new(base, -1, EV_PERSIST, on_post, m);
	event_add(m->post, &seconds);
	if (interval) {
		struct timeval every = {.tv_sec = interval / 1000,
					.tv_usec = interval % 1000 * 1000};
		m->watchdog = event_new(base, -1, EV_PERSIST, on_watchdog, m);
		event_add(m->watchdog, &every);
	}
}

static void close_events(struct master *m)
{
	for (size_t i = 0; i < m->count; i++)
		child_free(m->children[i]);
	for (size_t i = 0; i < LENGTH(m->signals); i++)
		event_free(m->signals[i]);
	event_free(m->advance);
	event_free(m->hurry);
	event_free(m->post);
	if (m->watchdog)
		event_free(m->watchdog);
	event_base_free(m->family.base);
}

static int run(struct master *m)
{
	open_events(m);
	m->family.settings = m->settings;
	m->family.program_dir = m->program_dir;
	m->family.redis_server = m->redis_server;
	m->family.changed = on_child_changed;
	m->family.arg = m;
	m->count = roles_make(&m->family, &m->children);
	m->board = posting_open(m->settings);
	log_info("master.started", "children=%zu data_dir=%s", m->count,
		 log_quote(m->settings->tenko_data_dir));
	m->rank = -1;
	event_active(m->advance, 0, 0);
	event_base_dispatch(m->family.base);
	generation_unsign(m->settings);
	posting_remove(m->settings, m->board);
	log_info("master.ended", "exit=%d", m->exit_code);
	close_events(m);
	return m->exit_code;
}

/* Everything that can be found wrong before anything is started. */
static int prepare(struct master *m, const struct arguments *arguments)
{
	int code = ground_data_dir(m->settings);

	m->program_dir = ground_program_dir();
	if (code == EX_OK)
		code = ground_privileges(m->settings);
	if (code == EX_OK && m->settings->file && access(m->settings->file, R_OK) < 0)
		code = refuse(EX_NOPERM, "%s: user %d, as whom everything runs, cannot read it",
			      m->settings->file, (int)geteuid());
	if (code == EX_OK)
		code = ground_folders(m->settings);
	if (code == EX_OK)
		code = roles_check(m->settings, m->program_dir, &m->redis_server);
	if (code == EX_OK)
		code = generation_lock(m->settings, &m->lock);
	if (code == EX_OK)
		code = background_log(m->settings, arguments->log, arguments->daemon, &m->log);
	return code;
}

int master_main(int argc, char **argv)
{
	struct master m = {.lock = -1};
	struct arguments arguments;

	arguments_read(argc, argv, &arguments);
	m.settings = settings_read_or_exit(arguments.config);
	logging_open("tenkod", m.settings);
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* until there is somebody to tell */

	int code = prepare(&m, &arguments);
	if (code == EX_OK) /* another user it has become by now */
		confine_begin(m.settings);
	if (code == EX_OK && arguments.daemon)
		background_enter(m.log);
	if (code == EX_OK)
		code = generation_sign(m.settings, m.lock);
	if (code == EX_OK) {
		generation_end_old(m.settings);
		code = run(&m);
	}
	if (m.lock >= 0)
		close(m.lock);
	free(m.children);
	free(m.program_dir);
	free(m.redis_server);
	free(m.log);
	buf_free(&m.status);
	settings_free(m.settings);
	return code;
}
