#pragma once

/*
 * Looks: calls whose end is overdue, for a worker to ask the provider about. They stand in a list
 * ({tenko}:looks:<channel>) that whoever takes them empties; a lost one costs nothing but the time
 * to the attempt's second deadline. What a worker finds goes the way of all results.
 */

#include "common/base/vocabulary.h"
#include <stdint.h>

enum { LOOK_REFERENCE_MOST = 64, LOOKS_MOST = 50 };

struct look {
	int64_t attempt;
	char reference[LOOK_REFERENCE_MOST + 1]; /* the provider's id of the call */

	/* filled in by the worker */
	enum outcome outcome; /* OUTCOME_NONE: not to be found out; OUTCOME_PLACED: under way */
	char detail[100];
};
