#pragma once

/*
 * Group commit: what requests want to be recorded goes into one transaction with one fsync, and only
 * then is each answered. It is written by a thread of its own, the writer, so that the loop goes on
 * reading and showing pages while the disk, or another process that writes, keeps us waiting; what
 * comes in meanwhile makes the next transaction. Where the store is busy they wait and it is tried
 * again; where it fails, or stays busy for too long, each is told that nothing was recorded.
 *
 * The writer has a connection to the store of its own. It touches nothing else of the server's but
 * what stands at `append`, neither settings nor requests.
 */

#include "common/base/must.h"
#include "common/store/store.h"
#include "dispatcher/reply/answers/asked.h"
#include "dispatcher/reply/http/respond.h"
#include <stdbool.h>
#include <sys/queue.h>

struct batch;

/*
 * Something on its way into the store: the first member of what a kind of request needs for it.
 * The batch takes it.
 */
struct entry {
	TAILQ_ENTRY(entry) next;
	struct visit visit;
	/*
	 * In the batch's transaction, in the writer; once more after one that failed. Of the server
	 * it may use `asked` alone.
	 */
	enum store_status (*append)(struct store *store, struct asked_cache *asked,
				    struct entry *entry);
	/* In the loop: answers the request, once it is on the disk or not. */
	void (*tell)(struct entry *entry, bool recorded);
	void (*free)(struct entry *entry);
};

/* Takes the store, which is the writer's from then on. */
struct batch *batch_new(struct server *server, struct store *store);

/* Starts the writer, with the rights that this process has now; false with errno. */
MUST_USE bool batch_start(struct batch *batch);

void batch_add(struct batch *batch, struct entry *entry);

/* The settings were read again: asked_cache_clear() for the writer's. */
void batch_reload(struct batch *batch);

void batch_free(struct batch *batch); /* a last try to record what waits */
