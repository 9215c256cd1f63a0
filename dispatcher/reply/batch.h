#pragma once

/*
 * Group commit: what the requests of one turn of the loop want to be recorded goes into one
 * transaction with one fsync, and only then is each answered. Where the store is busy they wait and
 * it is tried again; where it fails, or stays busy for too long, each is told that nothing was
 * recorded.
 */

#include "common/store/store.h"
#include "dispatcher/reply/respond.h"
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
	/* In the batch's transaction; once more after one that failed. */
	enum store_status (*append)(struct store *store, struct entry *entry);
	/* Answers the request, once it is on the disk or not. */
	void (*tell)(struct entry *entry, bool recorded);
	void (*free)(struct entry *entry);
};

struct batch *batch_new(struct server *server);
void batch_add(struct batch *batch, struct entry *entry);
void batch_free(struct batch *batch); /* a last try to record what waits */
