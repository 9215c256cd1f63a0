#include "dispatcher/reply/batch.h"

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/queue/poke.h"

#include <stdlib.h>

/* The loop stands still while we wait for the lock, so not for long; rather more than once. */
enum { PATIENCE_MS = 50, AGAIN_MS = 25, WAIT_MOST_MS = 10000 };

TAILQ_HEAD(entry_list, entry);

struct batch {
	struct server *server;
	struct event *timer;
	struct entry_list entries; /* oldest first */
};

/* All of them or none. */
static enum store_status record(struct batch *batch)
{
	struct store *store = batch->server->store;
	struct entry *entry;
	enum store_status status = store_begin(store);

	TAILQ_FOREACH(entry, &batch->entries, next)
	{
		if (status)
			break;
		status = entry->append(store, entry);
	}
	crash_point(CRASH_REPLY_UNCOMMITTED);
	if (!status)
		return store_commit(store);
	store_rollback(store);
	return status;
}

static void tell_all(struct batch *batch, bool recorded)
{
	struct entry *entry;

	log_hold();
	while ((entry = TAILQ_FIRST(&batch->entries))) {
		TAILQ_REMOVE(&batch->entries, entry, next);
		entry->tell(entry, recorded);
		entry->free(entry);
	}
	log_release();
}

/* Well before the request's own deadline, so that the person is told. */
static bool may_wait(const struct batch *batch)
{
	int64_t waited = clock_monotonic() - TAILQ_FIRST(&batch->entries)->visit.began;

	return waited < WAIT_MOST_MS && waited < batch->server->settings->reply_deadline / 2;
}

static void commit(struct batch *batch, bool last)
{
	struct server *server = batch->server;
	enum store_status status = record(batch);

	if (status == STORE_BUSY && !last && may_wait(batch)) {
		static const struct timeval again = {.tv_usec = AGAIN_MS * 1000};
		evtimer_add(batch->timer, &again);
		return;
	}
	if (status) {
		log_error("reply.store", "error=%s", log_quote(store_error(server->store)));
	} else {
		crash_point(CRASH_REPLY_COMMITTED);
		server->traffic.commits++;
		poke_send(server->settings);
	}
	tell_all(batch, !status);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	commit(arg, false);
}

struct batch *batch_new(struct server *server)
{
	struct batch *batch = mem_alloc(sizeof *batch);

	batch->server = server;
	batch->timer = evtimer_new(server->base, on_timer, batch);
	TAILQ_INIT(&batch->entries);
	store_set_patience(server->store, PATIENCE_MS);
	return batch;
}

void batch_add(struct batch *batch, struct entry *entry)
{
	/* Timers come after the sockets of a turn: this one runs when all that is there was read. */
	static const struct timeval next_turn = {0};

	TAILQ_INSERT_TAIL(&batch->entries, entry, next);
	if (!evtimer_pending(batch->timer, NULL))
		evtimer_add(batch->timer, &next_turn);
}

void batch_free(struct batch *batch)
{
	if (!batch)
		return;
	if (!TAILQ_EMPTY(&batch->entries))
		commit(batch, true);
	event_free(batch->timer);
	free(batch);
}
