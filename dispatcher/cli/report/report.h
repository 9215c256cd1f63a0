#pragma once

/*
 * What came of a broadcast, added up for the report: who was reached when and by what, how long
 * answers took, who was never reached and why. Times are milliseconds from the start of the
 * broadcast; somebody who answered counts as reached then at the latest.
 */

#include "dispatcher/cli/command.h"

#include "common/store/figures.h"
#include "common/store/journey.h"

/* Why somebody was never reached, beside the outcomes of a last attempt. */
enum unreached { UNREACHED_NO_CONTACT, UNREACHED_CANCELLED, UNREACHED_UNTRIED, UNREACHED_END };

/* Times in order. */
struct times {
	int64_t *list;
	size_t count, room;
};
/* How long the fastest `percent` of them took, by nearest rank; -1: there are none. */
MUST_USE int64_t times_within(const struct times *times, int percent);
/* How many took no longer. */
MUST_USE int64_t times_by(const struct times *times, int64_t ms);

struct tally_of {
	int64_t people, reached, answered;
	struct times answers;
};

struct report_group {
	char *code, *name;
	struct tally_of tally;
};

struct report_person {
	char *code, *name, *group;
	enum channel channel; /* NONE: see `why` */
	enum outcome outcome;
	enum unreached why;
};

struct report {
	struct figures *figures;
	struct tally_of all;
	struct times reaches;
	int64_t reached_by[CHANNEL_END]; /* NONE: answered without a message that is known of */
	struct report_group *groups;
	size_t group_count;
	struct report_person *unreached; /* all of them */
	size_t unreached_count;
	int64_t no_reason[UNREACHED_END], reasons[CHANNEL_END][OUTCOME_END];
};

/* EX_OK, or the exit code after a message. The newest broadcast where id is 0. */
MUST_USE int report_make(struct cli *cli, int64_t broadcast, struct report **report);
void report_free(struct report *report); /* NULL is allowed */

/* Moments at which the report says how many were reached and had answered by then. */
enum { REPORT_MOMENTS = 8 };
extern const int64_t report_moments[REPORT_MOMENTS];

/* The time that the report is about: until the last answer or contact. */
MUST_USE int64_t report_span(const struct report *report);

/* "mail: refused for good: bad address"; "no contact". */
void report_reason(const struct report_person *person, struct buf *out);

/* The ways to print it; `before` are earlier ones of the same kind, the newest first. */
void report_text(const struct report *report, struct report *const *before, size_t count);
void report_json(const struct report *report, struct report *const *before, size_t count);
void report_html(const struct report *report, struct report *const *before, size_t count,
		 enum language language);
/* Curves over time of those reached and of answers, as SVG. */
void report_plot(const struct report *report, struct report *const *before, size_t count,
		 enum language language, struct buf *out);
