#pragma once

/*
 * A small world around the scheduler, and what happens in it: a schedule is how the world is set up
 * and a list of events, all of it numbers, so that the same one always goes the same way and can be
 * cut down.
 */

#include "common/base/buf.h"
#include "common/base/plan.h"
#include "dispatcher/scheduler/scheduler.h"
#include "test/sim/belt_twin.h"
#include "test/sim/store_twin.h"

enum {
	EVENTS_MOST = 64,
	STEPS_MOST = 3,
	WORKERS = 4,
	BATCH_MOST = 4,
	RECENT_MOST = 128,
	CALLS_MOST = 200 * SIM_SCALE,
};

/*      symbol      what it is in a story */
#define HAPPENINGS(X)                                         \
	X(TURN, "the scheduler makes a turn")                 \
	X(LOOK, "the scheduler looks at the belt")            \
	X(TIME, "time passes")                                \
	X(CLAIM, "a worker takes jobs")                       \
	X(DELIVER, "a worker delivers one")                   \
	X(REPORT, "a worker reports its batch")               \
	X(DIE, "a worker dies")                               \
	X(REPLY, "somebody answers")                          \
	X(CONTROL, "a control is asked for")                  \
	X(ASK, "a second broadcast is asked for")             \
	X(CALL, "the provider tells of a call")               \
	X(AGAIN, "a worker reports again what it did lately") \
	X(SWAP, "two results change places")                  \
	X(OUTAGE, "a channel goes down, or comes up")         \
	X(EMPTY, "the queue is emptied")                      \
	X(COPY, "the queue is copied")                        \
	X(PUT_BACK, "the queue is put back to the copy")      \
	X(LOSE, "a result is lost")                           \
	X(KILL, "the scheduler will be killed")               \
	X(BREAK, "the belt will break")                       \
	X(FAIL, "the store will fail")                        \
	X(CLOCK, "the clock is set")                          \
	X(GONE, "a contact is taken out of the roster")

#define X(symbol, words) HAPPENS_##symbol,
enum happening { HAPPENINGS(X) HAPPENINGS_END };
#undef X

struct event {
	enum happening what;
	int a, b;
};

struct setup {
	int people;
	struct plan plans[PEOPLE_MOST];
	bool shared; /* the first two have the same telephone */
	struct policy policy;
	int64_t windows[CHANNEL_END], rate;
	int64_t lifetime;
};

struct schedule {
	struct setup setup;
	struct event events[EVENTS_MOST];
	int count;
};

/* a worker */

struct held {
	struct report report; /* its outcome NONE: not dealt with yet */
	int lane;
	bool arrived;
};

struct kept {
	struct report report;
	int lane;
	bool sent, arrived;
};

struct worker {
	enum channel channel;
	bool alive, own_first;
	struct held batch[BATCH_MOST];
	int count;
	struct kept recent[RECENT_MOST];
	int recent_count;
};

struct call_twin {
	int64_t attempt;
	bool over;
};

/*
 * What this scheduler put on the belt, what of it stood there at the last commit, and of that what it
 * is to have marked by now: Redis' answers are read in the turn after.
 */
struct marking {
	int64_t handed_over[CHANNEL_END][LANES], answered[CHANNEL_END][LANES];
	int64_t to_mark[CHANNEL_END][LANES];
};

struct world {
	const struct setup *setup;
	struct settings settings;
	struct faults faults;
	struct scheduler s;
	bool up; /* the scheduler runs */
	int64_t next, retry_at, reconnect_at;
	struct worker workers[WORKERS];
	struct call_twin calls[CALLS_MOST];
	int call_count;
	bool down[CHANNEL_END];
	struct queue_twin copy;
	bool copied;
	struct belt belt;

	/* the model's */
	const char *fault;
	struct buf *story; /* NULL: not told */
	bool disturbed;    /* the queue was emptied or put back, and not compared yet */
	bool outage_seen, expired;
	bool missed[ATTEMPTS_MOST + 1];
	int sends[ATTEMPTS_MOST + 1], tries[ATTEMPTS_MOST + 1], allowed[ATTEMPTS_MOST + 1];
	struct marking marking;
	enum broadcast_state states[BROADCASTS_MOST];
	int64_t controls_seen;

	struct store store; /* last: most of it is attempts, which are not cleared */
};

/* NULL, or what went wrong. `story` (may be NULL) is told. */
const char *world_run(const struct schedule *schedule, struct buf *story);
void world_tell(struct world *w, const char *format, ...) PRINTF(2, 3); /* if a story is told */
const char *happening_words(enum happening what);

/* What schedules are played with. The first broadcast has been asked for once a world has begun. */
void world_begin(struct world *w, const struct setup *setup, struct buf *story);
void world_end(struct world *w);
void world_pass_time(int64_t ms);
void world_look_or_turn(struct world *w, enum happening what); /* HAPPENS_LOOK or _TURN */
void world_ask(struct world *w);                               /* for another broadcast */
/* The provider: `status` of one of the calls there were, whether it has been told already or not. */
void world_tell_of_call(struct world *w, int which, enum call_status status);
