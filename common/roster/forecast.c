#include "common/roster/forecast.h"

#include "common/base/mem.h"
#include "common/base/plan.h"

#include <stdlib.h>

/* The people of one plan, before their next pass. Times in milliseconds from the start. */
struct cohort {
	double first_due, last_due; /* of the first and the last of them */
	struct plan plan;
	int64_t people;
	int round, step, pass;
};

struct simulation {
	const struct policy *policy;
	const struct capacity *capacity;
	double free_at[CHANNEL_END]; /* when a channel can take the next */
	double first_end, all_end;
	struct cohort *heap; /* the first due on top */
	size_t count;
};

static double later(double a, double b)
{
	return a > b ? a : b;
}

static int64_t whole_ms(double ms)
{
	int64_t whole = (int64_t)ms;
	return (double)whole < ms ? whole + 1 : whole;
}

/* the heap */

static void swap(struct cohort *a, struct cohort *b)
{
	struct cohort kept = *a;
	*a = *b;
	*b = kept;
}

static void sink(struct simulation *s, size_t i)
{
	for (;;) {
		size_t least = i;
		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < s->count; child++)
			if (s->heap[child].first_due < s->heap[least].first_due)
				least = child;
		if (least == i)
			return;
		swap(&s->heap[i], &s->heap[least]);
		i = least;
	}
}

/* one pass */

/* The time between two starts when a channel is busy. */
static double gap(const struct capacity *c)
{
	double by_lines = (double)c->attempt_ms / (double)c->lines;
	double by_rate = c->rate ? 1000.0 / (double)c->rate : 0;

	return later(by_lines, by_rate);
}

/* How long after the first of `jobs` the last one starts. */
static double spread(const struct capacity *c, int64_t jobs)
{
	double by_lines = (double)((jobs - 1) / c->lines) * (double)c->attempt_ms;
	double by_rate = c->rate ? (double)(jobs - 1) * 1000.0 / (double)c->rate : 0;

	return later(by_lines, by_rate);
}

/* Serves a pass; its first and last end come back in first_due and last_due. */
static void serve(struct simulation *s, struct cohort *c)
{
	const struct plan_step *step = &c->plan.step[c->step];
	const struct capacity *capacity = &s->capacity[step->channel];
	int64_t jobs = c->people * step->addresses;
	double alone = (double)step->addresses * (double)capacity->attempt_ms;
	double start = later(c->first_due, s->free_at[step->channel]);

	s->free_at[step->channel] = start + (double)jobs * gap(capacity);
	c->first_due = start + alone;
	c->last_due = later(later(c->first_due, c->last_due + alone),
			    start + spread(capacity, jobs) + (double)capacity->attempt_ms);
}

/* Moves on to the next pass and says what lies between; -1 after the last. */
static int64_t go_on(const struct simulation *s, struct cohort *c)
{
	const struct policy *p = s->policy;

	if (++c->pass <= p->retries[c->plan.step[c->step].channel])
		return p->retry_interval;
	c->pass = 0;
	if (++c->step < c->plan.steps)
		return p->retry_interval;
	c->step = 0;
	return ++c->round < p->rounds ? p->round_interval : -1;
}

static void run(struct simulation *s)
{
	while (s->count > 0) {
		struct cohort *c = &s->heap[0];
		bool first = c->round == 0 && c->step == 0 && c->pass == 0;
		serve(s, c);
		if (first)
			s->first_end = later(s->first_end, c->last_due);
		int64_t wait = go_on(s, c);
		if (wait >= 0) {
			c->first_due += (double)wait;
			c->last_due += (double)wait;
		} else {
			s->all_end = later(s->all_end, c->last_due + (double)s->policy->final_wait);
			s->heap[0] = s->heap[--s->count];
		}
		sink(s, 0);
	}
}

static void count_attempts(const struct cohort *c, const struct policy *policy, struct forecast *f)
{
	for (int i = 0; i < c->plan.steps; i++) {
		const struct plan_step *step = &c->plan.step[i];
		f->attempts[step->channel] += c->people * step->addresses * policy->rounds *
					      (policy->retries[step->channel] + 1);
	}
}

static void count_passed_over(const struct plan_count *plan, unsigned channels, struct forecast *f)
{
	for (int channel = CHANNEL_NONE + 1; channel < CHANNEL_END; channel++)
		if (!(channels & 1u << channel) && plan_restrict(plan->plan, 1u << channel) != 0)
			f->passed_over[channel] += plan->people;
}

struct forecast forecast_make(const struct plan_count *plans, size_t count, unsigned channels,
			      const struct policy *policy, const struct capacity *capacity)
{
	struct simulation s = {.policy = policy, .capacity = capacity};
	struct forecast f = {0};

	/* All are due at 0, so that the order in which they are put in is a heap already. */
	s.heap = mem_array(count, sizeof *s.heap);
	for (size_t i = 0; i < count; i++) {
		struct cohort *c = &s.heap[s.count];
		*c = (struct cohort){
			.plan = plan_unpack(plan_restrict(plans[i].plan, channels)),
			.people = plans[i].people,
		};
		f.people += c->people;
		count_passed_over(&plans[i], channels, &f);
		if (c->plan.steps == 0 || c->people == 0) {
			f.unreachable += c->people;
			continue;
		}
		count_attempts(c, policy, &f);
		s.count++;
	}
	run(&s);
	free(s.heap);
	f.first_ms = whole_ms(s.first_end);
	f.all_ms = whole_ms(s.all_end);
	return f;
}

void forecast_capacity(const struct settings *settings, struct capacity *capacity)
{
	int64_t mail_lines = settings->workers_mail > 0 ? settings->workers_mail : 1;

	if (mail_lines > settings->pacing_mail_window)
		mail_lines = settings->pacing_mail_window;
	capacity[CHANNEL_MAIL] = (struct capacity){mail_lines, settings->pacing_mail_rate, 20};
	capacity[CHANNEL_VOICE] = (struct capacity){settings->pacing_voice_window,
						    settings->pacing_voice_rate, 45000};
	capacity[CHANNEL_PUSH] =
		(struct capacity){settings->pacing_push_window, settings->pacing_push_rate, 1000};
}
