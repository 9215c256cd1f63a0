#include "dispatcher/reply/answers/batch.h"

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/queue/poke.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { PATIENCE_MS = 50 /* for the store, at a time */, WAIT_MOST_MS = 10000 };

TAILQ_HEAD(entry_list, entry);

/*
 * Whose the list is that is written: OURS -> ORDERED by the loop, ORDERED -> WRITTEN by the writer,
 * WRITTEN -> OURS by the loop. While it is ORDERED the loop keeps its hands off list, store and cache.
 */
enum list_state { LIST_OURS, LIST_ORDERED, LIST_WRITTEN };

struct batch {
	struct server *server;
	struct event *gathered, *written;
	int written_fd;
	struct entry_list waiting; /* the loop's; oldest first */

	struct store *store;
	struct asked_cache *asked;
	struct entry_list list;
	int64_t give_up; /* monotonic: when waiting for the store ends */
	enum store_status status;

	pthread_t writer;
	bool started;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t changed;
	enum list_state state;
	bool reload, end;
	atomic_bool last; /* no more waiting for the store */
};

/* the writer */

/* All of them or none. */
static enum store_status record(struct batch *batch)
{
	struct entry *entry;
	enum store_status status = store_begin(batch->store);

	TAILQ_FOREACH(entry, &batch->list, next)
	{
		if (status)
			break;
		status = entry->append(batch->store, batch->asked, entry);
	}
	crash_point(CRASH_REPLY_UNCOMMITTED);
	if (!status)
		status = store_commit(batch->store);
	else
		store_rollback(batch->store);
	if (!status)
		crash_point(CRASH_REPLY_COMMITTED);
	return status;
}

static void record_list(struct batch *batch)
{
	do {
		batch->status = record(batch);
	} while (batch->status == STORE_BUSY && !batch->last && clock_monotonic() < batch->give_up);
}

static void *run_writer(void *arg)
{
	struct batch *batch = arg;

	pthread_mutex_lock(&batch->lock);
	for (;;) {
		while (batch->state != LIST_ORDERED && !batch->end)
			pthread_cond_wait(&batch->changed, &batch->lock);
		if (batch->state != LIST_ORDERED)
			break;
		bool reload = batch->reload;
		batch->reload = false;
		pthread_mutex_unlock(&batch->lock);
		if (reload)
			asked_cache_clear(batch->asked);
		record_list(batch);
		pthread_mutex_lock(&batch->lock);
		batch->state = LIST_WRITTEN;
		pthread_cond_broadcast(&batch->changed);
		eventfd_write(batch->written_fd, 1);
	}
	pthread_mutex_unlock(&batch->lock);
	return NULL;
}

/* the loop */

/* Well before the request's own deadline, so that the person is told. */
static int64_t give_up_at(const struct batch *batch)
{
	int64_t wait = batch->server->settings->reply_deadline / 2;

	return TAILQ_FIRST(&batch->list)->visit.began + (wait < WAIT_MOST_MS ? wait : WAIT_MOST_MS);
}

/* Gives the writer what waits, unless it has something to write still. */
static void order(struct batch *batch)
{
	pthread_mutex_lock(&batch->lock);
	if (batch->state == LIST_OURS && !TAILQ_EMPTY(&batch->waiting)) {
		TAILQ_CONCAT(&batch->list, &batch->waiting, next);
		batch->give_up = give_up_at(batch);
		batch->state = LIST_ORDERED;
		pthread_cond_broadcast(&batch->changed);
	}
	pthread_mutex_unlock(&batch->lock);
}

static void tell_all(struct entry_list *list, bool recorded)
{
	struct entry *entry;

	log_hold();
	while ((entry = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, entry, next);
		entry->tell(entry, recorded);
		entry->free(entry);
	}
	log_release();
}

/* Takes back what is written. The writer has the next before these are told. */
static void finish(struct batch *batch)
{
	struct server *server = batch->server;
	struct entry_list list = TAILQ_HEAD_INITIALIZER(list);

	pthread_mutex_lock(&batch->lock);
	bool written = batch->state == LIST_WRITTEN;
	if (written)
		batch->state = LIST_OURS;
	pthread_mutex_unlock(&batch->lock);
	if (!written)
		return;
	enum store_status status = batch->status;
	TAILQ_CONCAT(&list, &batch->list, next);
	if (status) {
		log_error("reply.store", "error=%s", log_quote(store_error(batch->store)));
	} else {
		server->traffic.commits++;
		poke_send(server->settings);
	}
	order(batch);
	tell_all(&list, !status);
}

static void on_gathered(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	order(arg);
}

static void on_written(evutil_socket_t fd, short what, void *arg)
{
	eventfd_t count;

	(void)what;
	if (eventfd_read(fd, &count) == 0)
		finish(arg);
}

struct batch *batch_new(struct server *server, struct store *store)
{
	struct batch *batch = mem_alloc(sizeof *batch);

	batch->server = server;
	batch->store = store;
	batch->asked = asked_cache_new();
	batch->written_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (batch->written_fd < 0)
		abort(); /* no descriptors at the start: nothing else would work either */
	batch->gathered = evtimer_new(server->base, on_gathered, batch);
	batch->written =
		event_new(server->base, batch->written_fd, EV_READ | EV_PERSIST, on_written, batch);
	event_add(batch->written, NULL);
	TAILQ_INIT(&batch->waiting);
	TAILQ_INIT(&batch->list);
	pthread_mutex_init(&batch->lock, NULL);
	pthread_cond_init(&batch->changed, NULL);
	store_set_patience(store, PATIENCE_MS);
	return batch;
}

bool batch_start(struct batch *batch)
{
	sigset_t all, before;

	sigfillset(&all); /* signals are the loop's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&batch->writer, NULL, run_writer, batch);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	batch->started = error == 0;
	errno = error;
	return batch->started;
}

void batch_add(struct batch *batch, struct entry *entry)
{
	/* Timers come after the sockets of a turn: this one runs when all that is there was read. */
	static const struct timeval next_turn = {0};

	TAILQ_INSERT_TAIL(&batch->waiting, entry, next);
	if (!evtimer_pending(batch->gathered, NULL))
		evtimer_add(batch->gathered, &next_turn);
}

void batch_reload(struct batch *batch)
{
	pthread_mutex_lock(&batch->lock);
	batch->reload = true;
	pthread_mutex_unlock(&batch->lock);
}

static void wait_until_written(struct batch *batch)
{
	pthread_mutex_lock(&batch->lock);
	while (batch->state == LIST_ORDERED)
		pthread_cond_wait(&batch->changed, &batch->lock);
	pthread_mutex_unlock(&batch->lock);
}

static void end_writer(struct batch *batch)
{
	batch->last = true;
	/* What is being written, and then what waits behind it. */
	do {
		order(batch);
		wait_until_written(batch);
		finish(batch);
	} while (!TAILQ_EMPTY(&batch->waiting) || !TAILQ_EMPTY(&batch->list));
	pthread_mutex_lock(&batch->lock);
	batch->end = true;
	pthread_cond_broadcast(&batch->changed);
	pthread_mutex_unlock(&batch->lock);
	pthread_join(batch->writer, NULL);
}

void batch_free(struct batch *batch)
{
	if (!batch)
		return;
	if (batch->started)
		end_writer(batch);
	assert(TAILQ_EMPTY(&batch->waiting) && TAILQ_EMPTY(&batch->list));
	event_free(batch->gathered);
	event_free(batch->written);
	close(batch->written_fd);
	pthread_mutex_destroy(&batch->lock);
	pthread_cond_destroy(&batch->changed);
	asked_cache_free(batch->asked);
	store_close(batch->store);
	free(batch);
}
