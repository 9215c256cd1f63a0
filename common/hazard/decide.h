#pragma once

/*
 * The rule engine: which rules an event sets off, and why, or why not. Pure: no I/O, no clock, no
 * global state; the same arguments give the same decisions.
 *
 *	(rules, history, event, now, people per region) -> decisions with reasons
 *
 * Every rule that is for the event's hazard gives one decision per event; where no rule is for it,
 * one decision without a rule says so. So "why did nothing happen" always has an answer. A rule whose
 * stronger_breaks is set gives one for each level that is sent, the highest first: only so can those
 * who heard of a level be told apart when it rises.
 */

#include "common/hazard/event.h"
#include "common/hazard/rules.h"

#define VERDICTS(X)                                                               \
	X(SEND, 1, "send", "a broadcast was asked for")                           \
	X(DRILL, 2, "drill", "a drill was asked for")                             \
	X(CORRECT, 3, "correct", "a correction to those contacted was asked for") \
	X(HOLD, 4, "hold", "waits for a correction")                              \
	X(NOTHING, 5, "nothing", "not sent")

#define X(symbol, number, name, phrase) VERDICT_##symbol = (number),
enum verdict { VERDICT_NONE = 0, VERDICTS(X) VERDICT_END };
#undef X

/*
 * A region with the level that was acted on, or is to be. Region "": the event is of no region, it
 * is for everybody in the rule's groups. Levels up to 0 are marks for the history only, see MARK_...
 */
struct acted {
	char region[4];
	char what[24];
	int level;
};

enum {
	MARK_ENDED = 0,   /* what was acted on there has ended */
	MARK_JOINED = -1, /* a region in common with reports under other ids: they belong together */
};

/* An earlier decision, as the store keeps it: all of them, also those to send nothing. Oldest first. */
struct past {
	int64_t id;
	const char *rule; /* name; "" where no rule was for the event */
	enum verdict verdict;
	enum hazard hazard;
	enum event_status status;
	enum event_act act;
	const char *title;
	const char *const *keys;
	size_t key_count;
	int64_t at;                /* UTC ms when it was decided */
	int64_t sent_at;           /* of its event */
	int64_t occurred_at;       /* of its event; 0 unknown */
	int64_t broadcast;         /* 0: none */
	int64_t due_at;            /* HOLD: until when; 0 once it was resolved */
	const struct acted *acted; /* the decision's `regions` and `marks` */
	size_t acted_count;
};

/* How many active people have an address in a region, by the addresses that count. */
struct head_count {
	char region[4];
	unsigned addresses; /* one bit of enum address */
	int64_t people;
};

struct decision {
	const struct rule *rule; /* NULL: no rule is for the event */
	enum verdict verdict;
	char *reason;          /* one sentence for people, always, that begins with the verdict:
				    "not sent: ..." */
	struct acted *regions; /* SEND, DRILL, HOLD: whom it is for */
	size_t region_count;
	struct acted *marks; /* whatever the verdict */
	size_t mark_count;
	int64_t *except; /* broadcasts whose people are not contacted again */
	size_t except_count;
	bool except_before; /* nor those of the decisions of this rule before it in the list */
	int64_t *corrects;  /* CORRECT: broadcasts that are put right */
	size_t correct_count;
	int64_t *stops; /* broadcasts to be called off */
	size_t stop_count;
	int64_t due_at;   /* HOLD: when to ask decide_due() */
	int64_t *settles; /* earlier decisions (past.id) that are not held any more */
	size_t settle_count;
};

struct decisions {
	struct decision *list;
	size_t count;
};

/* How far back the history must go for an event of that hazard, ms. */
MUST_USE int64_t decide_looks_back(const struct rules *rules, enum hazard hazard);

/*
 * History: of the last decide_looks_back() ms, all decisions about the event's hazard; for an early warning
 * those about earthquakes too. A past that was sent has a broadcast. People NULL: not known. The
 * caller frees *decisions. regions_load() must have been called.
 *
 * What puts a drill right is a drill.
 */
void decide(const struct rules *rules, const struct past *history, size_t history_count,
	    const struct hazard_event *event, int64_t now, const struct head_count *people,
	    size_t people_count, struct decisions *decisions);

/*
 * The same where a decision to hold has become due: `event` is the one that was held, `rule` the name
 * of the rule that held it; other rules give no decision. Whatever comes of it settles what was held.
 */
void decide_due(const struct rules *rules, const char *rule, const struct past *history,
		size_t history_count, const struct hazard_event *event, int64_t now,
		const struct head_count *people, size_t people_count, struct decisions *decisions);
void decisions_free(struct decisions *decisions);

const char *verdict_name(enum verdict verdict);
