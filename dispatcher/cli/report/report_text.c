#include "dispatcher/cli/report/report.h"

#include "common/base/clock.h"
#include "dispatcher/cli/cells.h"
#include "dispatcher/cli/show.h"

#include <inttypes.h>

enum { UNREACHED_SHOWN = 20 };

static int percent(int64_t part, int64_t whole)
{
	return whole > 0 ? (int)(part * 100 / whole) : 0;
}

static void add_duration(const char *before, int64_t ms, struct buf *line)
{
	buf_text_add(line, before);
	if (ms < 0)
		buf_text_add(line, "-");
	else
		show_duration(ms, line);
}

static void print_line(struct buf *line)
{
	line_print(line);
	buf_clear(line);
}

static void print_head(const struct figures *f, struct buf *line)
{
	char at[CLOCK_TEXT];

	buf_format(line, "%s %" PRId64 ": %s (%s)", kind_name(f->kind), f->broadcast, f->title,
		   broadcast_state_name(f->state));
	print_line(line);
	buf_format(line, "asked %.16s, ", clock_local_text(f->requested_at, at));
	show_people(f->targeted, line);
	if (f->finished_at && f->started_at)
		add_duration(", over after ", f->finished_at - f->started_at, line);
	print_line(line);
}

static void print_reached(const struct report *r, struct buf *line)
{
	buf_format(line, "\nReached   %" PRId64 " of %" PRId64 " (%d %%)", r->all.reached,
		   r->all.people, percent(r->all.reached, r->all.people));
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		if (r->reached_by[c])
			buf_format(line, "%s%s %" PRId64, c == CHANNEL_MAIL ? "  " : ", ",
				   channel_name((enum channel)c), r->reached_by[c]);
	if (r->reached_by[CHANNEL_NONE])
		buf_format(line, ", answered by themselves %" PRId64, r->reached_by[CHANNEL_NONE]);
	puts(buf_text(line)); /* its first character is a line break */
	buf_clear(line);
	buf_format(line, "Answered  %" PRId64 " of %" PRId64 " (%d %%)", r->all.answered,
		   r->all.people, percent(r->all.answered, r->all.people));
	add_duration("  half of the answers within ", times_within(&r->all.answers, 50), line);
	add_duration(", 90 % within ", times_within(&r->all.answers, 90), line);
	print_line(line);
}

static void print_moments(const struct report *r, struct buf *line)
{
	int64_t span = report_span(r);

	puts("\n  within    reached  answered");
	for (int i = 0; i < REPORT_MOMENTS; i++) {
		int64_t ms = report_moments[i];
		buf_text_add(line, "  ");
		size_t from = line->length;
		show_duration(ms, line);
		while (line->length - from < 10)
			buf_char(line, ' ');
		buf_format(line, "%5d %%  %6d %%",
			   percent(times_by(&r->reaches, ms), r->all.people),
			   percent(times_by(&r->all.answers, ms), r->all.people));
		print_line(line);
		if (ms >= span)
			break;
	}
}

static void print_groups(const struct report *r, struct buf *line)
{
	puts("\n  group             people   reached  answered  half within");
	for (size_t i = 0; i < r->group_count; i++) {
		const struct report_group *g = &r->groups[i];
		buf_text_add(line, "  ");
		show_cell(g->name, 16, line);
		buf_format(line, "%8" PRId64 "  %6d %%  %6d %%", g->tally.people,
			   percent(g->tally.reached, g->tally.people),
			   percent(g->tally.answered, g->tally.people));
		add_duration("   ", times_within(&g->tally.answers, 50), line);
		print_line(line);
	}
}

static void print_unreached(const struct report *r, struct buf *line)
{
	if (r->unreached_count == 0) {
		puts("\nEverybody was reached.");
		return;
	}
	printf("\nNever reached: %zu\n", r->unreached_count);
	for (size_t i = 0; i < r->unreached_count && i < UNREACHED_SHOWN; i++) {
		const struct report_person *p = &r->unreached[i];
		buf_text_add(line, "  ");
		show_cell(p->code, 12, line);
		buf_char(line, ' ');
		show_cell(p->name, 16, line);
		buf_char(line, ' ');
		show_cell(p->group, 12, line);
		buf_char(line, ' ');
		report_reason(p, line);
		print_line(line);
	}
	if (r->unreached_count > UNREACHED_SHOWN)
		printf("  and %zu more; all of them: tenko report %" PRId64 " --csv\n",
		       r->unreached_count - UNREACHED_SHOWN, r->figures->broadcast);
}

static void print_before(const struct report *r, struct buf *line)
{
	char at[CLOCK_TEXT];

	buf_format(line, "  %6" PRId64 "  %.16s %8" PRId64 "  %6d %%  %6d %%",
		   r->figures->broadcast, clock_local_text(r->figures->requested_at, at),
		   r->all.people, percent(r->all.reached, r->all.people),
		   percent(r->all.answered, r->all.people));
	add_duration("   ", times_within(&r->all.answers, 50), line);
	add_duration(" / ", times_within(&r->all.answers, 90), line);
	print_line(line);
}

void report_text(const struct report *r, struct report *const *before, size_t count)
{
	struct buf line = {0};

	print_head(r->figures, &line);
	print_reached(r, &line);
	print_moments(r, &line);
	print_groups(r, &line);
	print_unreached(r, &line);
	if (count > 0) {
		puts("\nBeside earlier ones\n"
		     "  number  asked              people   reached  answered  half / 90 % within");
		print_before(r, &line);
	}
	for (size_t i = 0; i < count; i++)
		print_before(before[i], &line);
	buf_free(&line);
}
