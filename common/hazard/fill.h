#pragma once

/*
 * Texts of broadcasts from templates: {place} and the like are replaced by what an event says. What is
 * not known is said to be unknown.
 */

#include "common/hazard/decide.h"
#include "common/text/message.h"

/*      name        what it stands for */
#define FILLS(X)                                                                               \
	X(level, "the highest level of the regions it is sent to: 震度6強, a tsunami warning") \
	X(regions, "the regions, a line for each level")                                       \
	X(place, "where it happened: the hypocentre, the volcano")                             \
	X(magnitude, "the magnitude, as written")                                              \
	X(time, "when it happened or, where that is unknown, was reported, in Japan")          \
	X(sent, "when it was reported, in Japan")                                              \
	X(title, "the kind of report, in the words of its source")                             \
	X(headline, "its headline, in the words of its source")                                \
	X(text, "what more it says, in the words of its source")

/* False: `faults` has a line for each placeholder that there is not, with file and line. */
MUST_USE bool fill_check(const struct template *template, struct buf *faults);

/*
 * The templates of all rules that are in force, read and checked. Folder as for template_read(). False:
 * `faults` has a line a fault.
 */
MUST_USE bool fill_check_rules(const struct rules *rules, const char *folder, struct buf *faults);

/*
 * Both languages of a checked template. `regions` are those of the decision (of a correction: those
 * of the decisions that it puts right); what the event says of others of these levels is told too.
 * The caller frees the message. Mark a drill with message_mark_drill().
 */
void fill(const struct template *template, const struct hazard_event *event,
	  const struct acted *regions, size_t region_count, struct message *message);
