#pragma once

/* What a broadcast does and asks unless it is told otherwise: from the settings. */

#include "common/base/policy.h"
#include "common/conf/settings.h"
#include "common/store/broadcast.h"

/* Everything from [escalation]. */
void preset_policy(const struct settings *settings, struct policy *policy);

/*
 * Sets b->choices and b->items to the question for b->kind. `choices` and `items`, as in the
 * settings, go before theirs unless they are empty. False, with a sentence in `fault` that names
 * the setting where the fault is there.
 */
MUST_USE bool preset_question(const struct settings *settings, const char *choices,
			      const char *items, struct broadcast *b, struct buf *fault);
