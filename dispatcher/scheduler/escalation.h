#pragma once

/*
 * The escalation: what comes next for one person. A pure function of its arguments: no I/O, no
 * clock, no memory of its own.
 *
 *	(contact plan, policy, channels that are down, chain, event, now) -> (new chain, action)
 *
 * The rule (Biz 安否確認/一斉通報, manual, section 5.2): contacts are tried in dial order, each with
 * the retries of its channel before the next; the retry interval separates attempts, but not the
 * addresses (1) (2) (3) of one mail group, which make one pass. A reply stops everything.
 *
 * Where the manual is silent:
 * - An address that is refused for good is not tried again; where nothing of a pass went out, the
 *   next step follows at once, without the interval. A further try of one address never does.
 * - Outages do not eat attempts. When the channel is down the chain goes on to the next step at
 *   once (after the interval, if part of a mail group had gone out); what was left of the skipped
 *   step is owed and made good at the end of the round, and nobody is exhausted before it was. In
 *   the last round what is owed on a channel that works comes before what has to wait for one that
 *   does not, whatever their order.
 * - An address that was refused for now, or where it is unknown whether the message went out, has
 *   used that try, and is tried again up to `temporary_retries` times at the end of the round.
 * - A round goes through the whole order; between rounds lies the round interval. After the last,
 *   `final_wait` is left for the answer.
 */

#include "common/base/chain.h"
#include "common/base/must.h"
#include "common/base/plan.h"
#include "common/base/policy.h"
#include <stdbool.h>
#include <stdint.h>

enum chain_event {
	EVENT_START,	 /* a fresh chain */
	EVENT_DUE,	 /* the time of WAIT has come */
	EVENT_DELIVERED, /* also: the attempt took place and is used up, whoever took it */
	EVENT_REFUSED,
	EVENT_TEMPORARY,
	EVENT_UNKNOWN,
	EVENT_OUTAGE,
	EVENT_NOT_TRIED,
	EVENT_REPLIED,
	EVENT_CANCELLED,
	EVENT_ELSEWHERE, /* channels went down or came up: is there something else to do than wait? */
};

enum action_kind {
	ACTION_TRY,	  /* the attempt is due at `at` */
	ACTION_WAIT,	  /* nothing until `at`, then EVENT_DUE */
	ACTION_EXHAUSTED, /* tried to the end */
	ACTION_STOP,	  /* nothing more for this person */
	ACTION_NONE,	  /* the event did not fit: all stands as it stood, with its due time */
};

struct action {
	enum action_kind kind;
	int64_t at;	   /* milliseconds, same clock as `now` */
	/* ACTION_TRY: which contact */
	enum channel channel;
	int dial_order;	   /* 1.. */
	int position;	   /* the contact's position within its channel, 1.. */
	int address;	   /* 1..3 */
	int attempt;	   /* 1.. within the step, over all passes */
	bool may_park;	   /* while the channel is down this waits for it instead of passing on */
};

/* The event of an outcome that a worker reported. */
MUST_USE enum chain_event escalation_event(enum outcome outcome);

/*
 * Moves `chain` by `event` and says what comes next. `down`: the set (1 << channel) of those that do
 * not work now, as far as is known. Events of an attempt (delivered ... not
 * tried) refer to the attempt that the last ACTION_TRY named. An event that does not fit the
 * phase changes nothing and gives ACTION_NONE, so that a late result does no harm.
 */
MUST_USE struct action escalation_step(const struct plan *plan, const struct policy *policy,
				       unsigned down, struct chain *chain,
				       enum chain_event event, int64_t now);

/* Mail that came back for good, after its attempt had ended as delivered. */
struct comeback {
	int dial_order, address; /* which contact, which address of it (1..3) */
	bool alone;		 /* nothing later was tried, nothing else of its pass went out */
	bool in_flight;		 /* an attempt is under way: nothing else is to be begun */
	int64_t due;		 /* when the chain's next action is due */
};

/*
 * The address counts as refused from now on. A chain that only waited out the interval behind this
 * mail goes on at once, as it would have, had the mail been refused in the first place; the waits
 * between rounds and for the answer stay. ACTION_NONE: the next action stands, as does its time.
 */
MUST_USE struct action escalation_came_back(const struct plan *plan, const struct policy *policy,
					    unsigned down, struct chain *chain,
					    const struct comeback *mail, int64_t now);

/* The action for a chain as it stands, without any event. `at` is `due`, when it was set. */
MUST_USE struct action escalation_present(const struct plan *plan, const struct policy *policy,
					  const struct chain *chain, int64_t due);
