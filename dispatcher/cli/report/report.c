#include "dispatcher/cli/report/report.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "dispatcher/cli/progress.h"
#include "dispatcher/cli/status.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { MINUTE = 60 * 1000 };

const int64_t report_moments[REPORT_MOMENTS] = {
	1 * MINUTE,  3 * MINUTE,  5 * MINUTE,   10 * MINUTE,
	30 * MINUTE, 60 * MINUTE, 180 * MINUTE, 1440 * MINUTE,
};

/* times */

static void times_add(struct times *t, int64_t ms)
{
	if (t->count == t->room) {
		t->room = t->room ? t->room * 2 : 64;
		t->list = mem_resize(t->list, t->room, sizeof *t->list);
	}
	t->list[t->count++] = ms > 0 ? ms : 0;
}

static int by_length(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static void times_sort(struct times *t)
{
	if (t->count > 0)
		qsort(t->list, t->count, sizeof *t->list, by_length);
}

int64_t times_within(const struct times *t, int percent)
{
	size_t rank = (t->count * (size_t)percent + 99) / 100;

	return t->count == 0 ? -1 : t->list[rank > 0 ? rank - 1 : 0];
}

int64_t times_by(const struct times *t, int64_t ms)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (t->list[middle] <= ms)
			low = middle + 1;
		else
			high = middle;
	}
	return (int64_t)low;
}

/* adding up */

struct making {
	struct report *report;
	struct progress progress;
	int64_t seen;
};

static struct report_group *group_of(struct report *r, const struct journey *j)
{
	struct report_group *last = r->group_count ? &r->groups[r->group_count - 1] : NULL;

	if (last && strcmp(last->code, j->group) == 0)
		return last;
	r->groups = mem_resize(r->groups, r->group_count + 1, sizeof *r->groups);
	last = &r->groups[r->group_count++];
	*last = (struct report_group){.code = mem_string(j->group),
				      .name = mem_string(j->group_name)};
	return last;
}

static void count_unreached(struct report *r, const struct journey *j)
{
	struct report_person person = {
		.code = mem_string(j->code),
		.name = mem_string(j->name),
		.group = mem_string(j->group_name),
		.channel = j->last_outcome ? j->last_channel : CHANNEL_NONE,
		.outcome = j->last_outcome,
		.why = !j->has_contact                   ? UNREACHED_NO_CONTACT
		       : j->state == DELIVERY_CANCELLED ? UNREACHED_CANCELLED
							 : UNREACHED_UNTRIED,
	};

	if (person.channel)
		r->reasons[person.channel][person.outcome]++;
	else
		r->no_reason[person.why]++;
	if ((r->unreached_count & (r->unreached_count - 1)) == 0) /* a power of two, or none */
		r->unreached = mem_resize(r->unreached, r->unreached_count * 2 + 1,
					  sizeof *r->unreached);
	r->unreached[r->unreached_count++] = person;
}

/* A message that came behind the answer reached nobody; a call goes on behind the key press. */
static bool was_told(const struct journey *j)
{
	return j->reached_at && (!j->answered_at || j->reached_by == CHANNEL_VOICE ||
				 j->reached_at <= j->answered_at);
}

static void count_reached(struct report *r, const struct journey *j, struct tally_of *group)
{
	bool told = was_told(j), answered_first = j->answered_at && j->answered_at < j->reached_at;
	int64_t at = told && !answered_first ? j->reached_at : j->answered_at;

	group->reached++;
	r->all.reached++;
	r->reached_by[told ? j->reached_by : CHANNEL_NONE]++;
	times_add(&r->reaches, at - r->figures->started_at);
}

static void see(const struct journey *j, void *arg)
{
	struct making *m = arg;
	struct report *r = m->report;
	struct tally_of *group = &group_of(r, j)->tally;

	group->people++;
	r->all.people++;
	if (j->answered_at) {
		int64_t took = j->answered_at - r->figures->started_at;
		group->answered++;
		r->all.answered++;
		times_add(&group->answers, took);
		times_add(&r->all.answers, took);
	}
	if (j->reached_at || j->answered_at)
		count_reached(r, j, group);
	else
		count_unreached(r, j);
	progress_tell(++m->seen, r->figures->targeted, &m->progress);
}

static int gather(struct cli *cli, struct report *r)
{
	struct making m = {.report = r, .progress = progress_begin(cli, "people")};
	enum store_status status =
		journeys_each(cli_store(cli), r->figures->broadcast, see, &m);

	times_sort(&r->reaches);
	times_sort(&r->all.answers);
	for (size_t i = 0; i < r->group_count; i++)
		times_sort(&r->groups[i].tally.answers);
	return status ? cli_store_failed(cli, status) : EX_OK;
}

int report_make(struct cli *cli, int64_t broadcast, struct report **report)
{
	struct report *r = mem_alloc(sizeof *r);
	int code = status_load(cli, broadcast, &r->figures);

	if (!code && r->figures->kind == KIND_FAMILY)
		code = cli_fail(cli, EX_DATAERR,
				"broadcast %lld told families; there is no report of it. See: "
				"tenko list %lld",
				(long long)r->figures->broadcast,
				(long long)r->figures->broadcast);
	if (!code)
		code = gather(cli, r);
	*report = code ? NULL : r;
	if (code)
		report_free(r);
	return code;
}

void report_free(struct report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->group_count; i++) {
		free(r->groups[i].code);
		free(r->groups[i].name);
		free(r->groups[i].tally.answers.list);
	}
	for (size_t i = 0; i < r->unreached_count; i++) {
		free(r->unreached[i].code);
		free(r->unreached[i].name);
		free(r->unreached[i].group);
	}
	free(r->groups);
	free(r->unreached);
	free(r->all.answers.list);
	free(r->reaches.list);
	figures_free(r->figures);
	free(r);
}

int64_t report_span(const struct report *r)
{
	int64_t reached = times_within(&r->reaches, 100),
		answered = times_within(&r->all.answers, 100);

	return reached > answered ? reached : answered;
}

void report_reason(const struct report_person *p, struct buf *out)
{
	static const char *const words[UNREACHED_END] = {
		[UNREACHED_NO_CONTACT] = "no contact of these channels",
		[UNREACHED_CANCELLED] = "called off before",
		[UNREACHED_UNTRIED] = "not tried yet",
	};

	if (p->channel)
		buf_format(out, "%s: %s", channel_name(p->channel), outcome_phrase(p->outcome));
	else
		buf_text_add(out, words[p->why]);
}
