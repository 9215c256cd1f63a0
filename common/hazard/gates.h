#pragma once

/*
 * For common/hazard: the gates that an event passes on its way to a broadcast. Each is one of the
 * reasons there can be to send nothing, or not to all, or not yet. True: it gave the answer.
 */

#include "common/hazard/question.h"

typedef bool gate(struct question *q);

/* gates_event.c: the rule and the report itself */
gate rule_is_off;
gate is_of_another_source;
gate is_a_test;             /* only noted */
gate is_an_exercise;        /* unless the rule makes drills of them */
gate is_a_cancel;           /* puts right what was sent, drops what is held */
gate is_too_old;            /* as after an outage of ours */
gate has_run_out;           /* by its own word */
gate was_taken_back;        /* by a cancel that came before it */
gate is_behind_the_shaking; /* a forecast of what was measured already */

/* gates_people.c: whom it is for */
gate concerns_nobody;  /* finds the regions, together with what is held */
gate resumes_nothing;  /* finds the regions that were held */
gate was_told_already; /* leaves those newly covered, and those with a higher level */
gate is_left_alone;    /* leaves those without a broadcast lately */
gate is_over_the_days_most;
gate reaches_nobody;
gate waits_for_a_correction;
