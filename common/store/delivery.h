#pragma once

/*
 * Deliveries, their attempts, and the counters over them. Only the scheduler changes these; all
 * functions here run inside its transaction.
 */

#include "common/base/chain.h"
#include "common/base/vocabulary.h"
#include "common/store/states.h"
#include "common/store/store.h"
#include <stddef.h>

enum { ORDINAL_BITS = 32 };

struct delivery {
	int64_t id; /* broadcast << 32 | ordinal, see delivery_id() */
	int64_t broadcast, person;
	enum delivery_state state;
	int64_t plan; /* packed, common/base/plan.h */
	struct chain chain;
	int queue;       /* what it waits for: dispatcher/scheduler/lanes.h */
	int64_t due_at;  /* UTC milliseconds */
	int64_t attempt; /* in flight: the attempt; else 0 */
	int64_t reply;   /* answered: the newest reply; else 0 */
	char choice[40]; /* answered: its choice */
};

int64_t delivery_id(int64_t broadcast, int64_t ordinal);
int64_t delivery_broadcast(int64_t id);
int64_t delivery_ordinal(int64_t id);

MUST_USE enum store_status delivery_insert(struct store *store, const struct delivery *d);
/* Many at once; each stands `size` bytes behind the one before. */
MUST_USE enum store_status delivery_insert_many(struct store *store, const struct delivery *first,
						size_t size, size_t count);
MUST_USE enum store_status delivery_save(struct store *store, const struct delivery *d);

/* STORE_NONE: there is none. */
MUST_USE enum store_status delivery_load(struct store *store, int64_t id, struct delivery *d);
MUST_USE enum store_status delivery_of_person(struct store *store, int64_t broadcast,
					      int64_t person, struct delivery *d);

/* Those waiting in a queue whose time has come, the longest due first. */
MUST_USE enum store_status delivery_due(struct store *store, int queue, int64_t now,
					struct delivery *list, size_t room, size_t *count);
/* Those waiting in a queue, due or not, in the same order, behind a place in it. */
MUST_USE enum store_status delivery_after(struct store *store, int queue, int64_t due_at, int64_t id,
					  struct delivery *list, size_t room, size_t *count);
/* When the next of a queue is due; INT64_MAX where none waits. */
MUST_USE enum store_status delivery_next_due(struct store *store, int queue, int64_t *at);

/* Deliveries of a broadcast from an ordinal on, in order, whatever their state. */
MUST_USE enum store_status delivery_walk(struct store *store, int64_t broadcast,
					 int64_t ordinal, struct delivery *list, size_t room,
					 size_t *count);

/* Ordinals of those answered, for the stop bitmap: bit 7 of byte 0 is ordinal 0 (Redis' SETBIT
 * order). `bits` holds (ordinals + 7) / 8 zeroed bytes. */
MUST_USE enum store_status delivery_answered_bits(struct store *store, int64_t broadcast,
						  int64_t ordinals, unsigned char *bits);

/* attempts */

struct attempt {
	int64_t id; /* set by attempt_insert() */
	int64_t delivery;
	enum channel channel;
	int lane;
	int dial_order, position; /* position: of the contact within its channel */
	int address_position;     /* of the address within the contact */
	int round, attempt_no;
	int64_t call; /* the attempt on whose call it rides; 0: it is tried itself */
	char *address; /* owned by whoever fills it */
	int64_t created_at;
};

MUST_USE enum store_status attempt_insert(struct store *store, struct attempt *a);

/* What is known of an attempt that somebody names. */
enum { REFERENCE_MOST = 64 };
struct attempt_state {
	int64_t id, delivery;
	enum channel channel;
	bool open;
	bool placed; /* a call is under way, common/store/call.h */
	bool looked; /* overdue: the provider was asked */
	int64_t call; /* as in struct attempt */
	int64_t created_at;
	char reference[REFERENCE_MOST + 1]; /* placed: the provider's id of the call */
};
/* STORE_NONE: no such attempt. */
MUST_USE enum store_status attempt_find(struct store *store, int64_t id,
					struct attempt_state *state);
/* The end of an attempt; it goes into the ledger. STORE_NONE: no such attempt. */
MUST_USE enum store_status attempt_close(struct store *store, int64_t id, enum outcome outcome,
					 const char *detail, int64_t finished_at);

/* The largest id ever given to an attempt; 0: none yet. */
MUST_USE enum store_status attempt_newest(struct store *store, int64_t *id);
/* Open ones, without those that ride on another's call. */
MUST_USE enum store_status attempt_open_count(struct store *store, enum channel channel,
					      int64_t *count);

/* What a job needs beside the attempt. Texts are owned by the struct. */
struct recipient {
	char *name;
	enum language language;
	char *devices; /* push: the job's address, common/store/device.h; else NULL */
	char *title, *body; /* what they alone are told; NULL: what the broadcast says */
};
void recipient_free(struct recipient *recipient); /* what it owns */

/*
 * Open attempts after an id that should stand in a stream, in order, with what their jobs need. A
 * call that was placed has left it, a rider was never there.
 */
struct open_attempt {
	struct attempt attempt;
	int64_t person;
	bool wanted; /* its delivery still waits for it: neither answered nor called off */
	struct recipient recipient;
};
MUST_USE enum store_status attempt_open_after(struct store *store, enum channel channel,
					      int lane, int64_t after,
					      struct open_attempt *list, size_t room,
					      size_t *count);
void open_attempt_free(struct open_attempt *list, size_t count); /* what they own */
/* The same in brief, up to an id. */
MUST_USE enum store_status attempt_open_ids(struct store *store, enum channel channel, int lane,
					    int64_t after, int64_t up_to, int64_t *ids, size_t room,
					    size_t *count);

/* counters */

enum tally { TALLY_STATE, TALLY_ATTEMPT, TALLY_ANSWER };
MUST_USE enum store_status tally_add(struct store *store, int64_t broadcast, enum tally what,
				     int64_t key, int64_t n);
MUST_USE enum store_status tally_add_answer(struct store *store, int64_t broadcast,
					    const char *choice, int64_t n);
MUST_USE enum store_status tally_get(struct store *store, int64_t broadcast, enum tally what,
				     int64_t key, int64_t *n);
MUST_USE enum store_status progress_add(struct store *store, int64_t broadcast, int64_t at,
					int64_t attempts, int64_t answers);

/* Notes that a channel is down as a whole, for status and figures; `since` 0: it works again. */
MUST_USE enum store_status channel_down_set(struct store *store, enum channel channel,
					    int64_t since, const char *reason);

/* facts, in order, each kind with its cursor */

struct reply_fact {
	int64_t id, broadcast, person, at;
	int64_t group; /* the person's, by id */
	char choice[40];
};
struct control_fact {
	int64_t id, broadcast;
	enum control_verb verb;
};
MUST_USE enum store_status facts_replies(struct store *store, struct reply_fact *list,
					 size_t room, size_t *count);
MUST_USE enum store_status facts_controls(struct store *store, struct control_fact *list,
					  size_t room, size_t *count);
/* The first person by id, from one on, who answered a broadcast; INT64_MAX: nobody did. */
MUST_USE enum store_status facts_next_replier(struct store *store, int64_t broadcast, int64_t from,
					      int64_t *person);
/* The newest reply of one person; STORE_NONE: none. */
MUST_USE enum store_status facts_reply_of(struct store *store, int64_t broadcast,
					  int64_t person, struct reply_fact *reply);
MUST_USE enum store_status facts_seen(struct store *store, const char *cursor,
				      int64_t position);

/* The largest attempt id that the queue is known to have held. */
MUST_USE enum store_status handover_mark(struct store *store, enum channel channel, int lane,
					 int64_t *attempt);
MUST_USE enum store_status handover_mark_set(struct store *store, enum channel channel,
					     int lane, int64_t attempt);
