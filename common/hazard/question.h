#pragma once

/*
 * For common/hazard: one rule asked about one event. It passes the gates (gates.h); the first that
 * has an answer gives the decision.
 */

#include "common/hazard/record.h"

struct question {
	const struct rule *rule;
	const struct hazard_event *event;
	int64_t now;
	const struct head_count *people; /* NULL: not known */
	size_t people_count;
	struct record record;

	struct acted_list due; /* whom it is for, so far: the gates narrow it */
	struct acted_list ended; /* by what the event says */
	struct acted_list marks;
	struct buf notes; /* what the reason of a broadcast has to say besides */
	int64_t *settles;
	size_t settle_count;
	struct decisions *answers;
};

/* Gives the decision: takes `reason`, the marks and what is settled with it. */
struct decision *question_answer(struct question *q, enum verdict verdict, struct buf *reason);
/* It is not sent. The reason follows on "not sent: ". True, for a gate to return. */
bool question_refuse(struct question *q, const char *format, ...) PRINTF(2, 3);
/* A held decision is not held any more, whatever comes of the question. */
void question_settle(struct question *q, const struct past *held);
