#pragma once

/* What a decision asks for: the broadcast, its words, and whom it is for. */

#include "common/conf/settings.h"
#include "common/hazard/decide.h"
#include "common/store/broadcast.h"

/* Whom it is for, as the store takes it and in words ("region:350@home except:3"). */
struct asked {
	struct target *targets; /* their texts are static or the decision's */
	size_t count;
	struct buf words;
};

/*
 * SEND and DRILL: the people of its regions with the addresses that the rule counts, within its
 * groups, except those of `before` and of the decision's own exceptions. CORRECT: those who were
 * contacted. A group that is not in the roster is named in `fault`, and holds nobody.
 * regions_load() must have been called. The caller frees *asked, whatever is returned.
 */
MUST_USE enum store_status ask_targets(struct store *store, const struct decision *decision,
				       const int64_t *before, size_t before_count,
				       struct asked *asked, struct buf *fault);
void asked_free(struct asked *asked);

/*
 * The broadcast, ready for broadcast_request() but for its targets. `regions` are what its words
 * are about: those of the decision or, of a correction, of what it puts right. Whatever is wrong
 * with a template or a setting, there is one: `fault` then says what was put in its place. The
 * caller frees it.
 */
MUST_USE struct broadcast *ask_broadcast(const struct settings *settings,
					 const struct hazard_event *event,
					 const struct decision *decision,
					 const struct acted *regions, size_t region_count,
					 int64_t now, struct buf *fault);
