#pragma once

/*
 * Group commit: the answers of one turn of the loop go into one transaction with one fsync, and
 * only then is each told that it is recorded. Where the store is busy they wait and it is tried
 * again; where it fails, or stays busy for too long, each is told that nothing was recorded.
 */

#include "common/store/reply.h"
#include "common/text/question.h"
#include "dispatcher/reply/answer.h"
#include "dispatcher/reply/respond.h"
#include <sys/queue.h>

struct batch;

/* An answer on its way. The batch takes all of it. */
struct entry {
	TAILQ_ENTRY(entry) next;
	struct visit visit;
	struct reply_page page;
	struct question question;
	enum language language;
	struct answer answer;
	int64_t at; /* UTC milliseconds */
};

struct batch *batch_new(struct server *server);
void batch_add(struct batch *batch, struct entry *entry);
void batch_free(struct batch *batch); /* a last try to record what waits */
