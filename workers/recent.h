#pragma once

/*
 * Results reported lately. One that did not get through, or that was lost with the queue, is
 * reported again: results are matched by attempt, so that a second one does no harm, while a
 * lost one would send the message twice.
 */

#include "common/queue/claim.h"

struct recent;

struct recent *recent_new(void);
void recent_free(struct recent *recent);

/* Takes over result->detail, ->gone and ->reference. `sent`: Redis has it. */
void recent_keep(struct recent *recent, const struct result *result, int lane, bool sent);

/* Reports those that never got through. False: the connection broke. */
MUST_USE bool recent_report_unsent(struct recent *recent, struct claim *claim);

/* Reports all of the last minutes again: the queue was emptied. */
MUST_USE bool recent_report_all(struct recent *recent, struct claim *claim);
