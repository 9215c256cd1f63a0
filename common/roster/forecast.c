#include "common/roster/forecast.h"

#include "common/base/mem.h"
#include "common/base/plan.h"

#include <stdlib.h>

/* About so many attempts are reckoned at most, whoever many it is for. */
enum { ATTEMPTS_RECKONED = 15000, WAITS_ONLY = -1 };

#define LONG_AGO (-1e15)
#define NOT_YET  1 /* what should have ended by now ends at once */

/* Some of a cohort, who go together. Times in milliseconds from the start. */
struct packet {
	const struct cohort *of;
	struct plan plan;
	double due, place; /* who is due at the same time goes by their place, 0 to 1 */
	int64_t people;
	int round, step, pass, address;
	bool tried, final; /* final: only the wait for the answer is left */
	bool under_way;    /* since `due`: their line is taken already */
};

/* The one that goes before all others on top. */
struct heap {
	struct packet *list;
	size_t count;
	bool (*goes_before)(const struct packet *a, const struct packet *b);
};

/* A channel: who waits for it, and its lines as a heap, the one that is free first on top. */
struct server {
	struct heap queue;
	double *lines;
	int64_t count;
	double rate_free; /* when the rate allows the next */
};

struct tried {
	double at;
	int64_t people;
};

struct simulation {
	const struct capacity *capacity;
	struct server servers[CHANNEL_END];
	struct heap coming; /* whose time has not come */
	struct tried *tried;
	size_t tried_count;
	double all_end;
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

/* heaps of packets */

static bool is_due_before(const struct packet *a, const struct packet *b)
{
	return a->due < b->due || (a->due <= b->due && a->place < b->place);
}

/* As the scheduler hands over: the urgent lane first. What is under way has its line. */
static bool is_served_before(const struct packet *a, const struct packet *b)
{
	if (a->under_way != b->under_way)
		return a->under_way;
	if (a->of->lane != b->of->lane)
		return a->of->lane < b->of->lane;
	return is_due_before(a, b);
}

static void heap_add(struct heap *heap, const struct packet *packet)
{
	size_t i = heap->count++;

	for (; i > 0 && heap->goes_before(packet, &heap->list[(i - 1) / 2]); i = (i - 1) / 2)
		heap->list[i] = heap->list[(i - 1) / 2];
	heap->list[i] = *packet;
}

static struct packet heap_take(struct heap *heap)
{
	struct packet top = heap->list[0], last = heap->list[--heap->count];
	size_t i = 0;

	for (size_t child = 1; child < heap->count; child = 2 * i + 1) {
		if (child + 1 < heap->count &&
		    heap->goes_before(&heap->list[child + 1], &heap->list[child]))
			child++;
		if (!heap->goes_before(&heap->list[child], &last))
			break;
		heap->list[i] = heap->list[child];
		i = child;
	}
	heap->list[i] = last;
	return top;
}

/* the lines */

static void sink_line(struct server *server)
{
	double *lines = server->lines;

	for (int64_t i = 0;;) {
		int64_t least = i;
		for (int64_t child = 2 * i + 1; child <= 2 * i + 2 && child < server->count;
		     child++)
			if (lines[child] < lines[least])
				least = child;
		if (least == i)
			return;
		double kept = lines[i];
		lines[i] = lines[least];
		lines[least] = kept;
		i = least;
	}
}

/* Each line takes so many one after the other; that keeps their order. The end of the last. */
static double serve_rounds(struct server *server, double due, double takes)
{
	double end = 0;

	for (int64_t i = 0; i < server->count; i++) {
		server->lines[i] = later(server->lines[i], due) + takes;
		end = later(end, server->lines[i]);
	}
	return end;
}

/* When the next may begin whose time has come. */
static double free_at(const struct server *server)
{
	return later(server->lines[0], server->rate_free);
}

/* Serves one attempt of each of `people` from `start` on; when the last of them ends. */
static double serve(struct server *server, const struct capacity *c, double start, int64_t people)
{
	double gap = c->rate ? 1000.0 / (double)c->rate : 0, end = 0;
	int64_t rounds = people / server->count;

	server->rate_free = start + (double)people * gap;
	if (rounds > 0)
		end = serve_rounds(server, start, (double)rounds * c->attempt_ms);
	for (int64_t i = people % server->count; i > 0; i--) {
		double at = later(start, server->lines[0]);
		server->lines[0] = at + c->attempt_ms;
		end = later(end, server->lines[0]);
		sink_line(server);
	}
	return later(end, start + (double)(people - 1) * gap + c->attempt_ms);
}

/* one packet's way */

/* Moves on and says what lies between; WAITS_ONLY after the last attempt. */
static int64_t go_on(struct packet *p)
{
	const struct policy *policy = p->of->policy;
	const struct plan_step *step = &p->plan.step[p->step];

	if (++p->address < step->addresses)
		return 0;
	p->address = 0;
	p->tried = true;
	if (++p->pass <= policy->retries[step->channel])
		return policy->retry_interval;
	p->pass = 0;
	if (++p->step < p->plan.steps)
		return policy->retry_interval;
	p->step = 0;
	return ++p->round < policy->rounds ? policy->round_interval : WAITS_ONLY;
}

static enum channel channel_of(const struct packet *p)
{
	return p->plan.step[p->step].channel;
}

static void wait_on(struct simulation *s, const struct packet *p)
{
	if (!p->final)
		heap_add(&s->coming, p);
	else if (!p->of->in_the_way)
		s->all_end = later(s->all_end, p->due);
}

static void attempt(struct simulation *s, enum channel channel, double start)
{
	struct server *server = &s->servers[channel];
	struct packet p = heap_take(&server->queue);
	bool before = p.tried;

	if (p.under_way)
		start = p.due;
	p.due = later(serve(server, &s->capacity[channel], start, p.people), NOT_YET);
	p.under_way = false;
	int64_t wait = go_on(&p);
	if (p.tried && !before && !p.of->in_the_way)
		s->tried[s->tried_count++] = (struct tried){p.due, p.people};
	p.final = wait == WAITS_ONLY;
	p.due += (double)(p.final ? p.of->policy->final_wait : wait);
	wait_on(s, &p);
}

/* The channel that can serve somebody first, and when; CHANNEL_NONE: nobody waits for any. */
static enum channel next_served(const struct simulation *s, double *at)
{
	enum channel next = CHANNEL_NONE;

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		const struct server *server = &s->servers[c];
		if (server->queue.count > 0 && (!next || free_at(server) < *at)) {
			next = (enum channel)c;
			*at = free_at(server);
		}
	}
	return next;
}

static void run(struct simulation *s)
{
	double now = 0, at;

	for (;;) {
		enum channel channel = next_served(s, &at);
		if (channel && at < now)
			at = now;
		if (s->coming.count > 0 && (!channel || s->coming.list[0].due <= at)) {
			struct packet p = heap_take(&s->coming);
			now = later(now, p.due);
			heap_add(&s->servers[channel_of(&p)].queue, &p);
		} else if (channel) {
			now = at;
			attempt(s, channel, at);
		} else {
			return;
		}
	}
}

/* setting up */

/* What is left of the attempts of one person. */
static int64_t attempts_left(const struct cohort *c, const struct plan *plan, int64_t *by_channel)
{
	int64_t left = 0;

	for (int round = c->chain.round; round < c->policy->rounds; round++) {
		bool here = round == c->chain.round && c->chain.phase != PHASE_RESTING;
		if (round == c->chain.round && c->chain.phase == PHASE_RESTING)
			continue;
		for (int i = here ? c->chain.step : 0; i < plan->steps; i++) {
			const struct plan_step *step = &plan->step[i];
			int64_t n =
				(int64_t)step->addresses * (c->policy->retries[step->channel] + 1);
			if (here && i == c->chain.step)
				n -= (int64_t)c->chain.pass * step->addresses + c->chain.address;
			by_channel[step->channel] += n > 0 ? n : 0;
			left += n > 0 ? n : 0;
		}
	}
	return left;
}

static struct packet packet_of(const struct cohort *c, int64_t people, double place)
{
	const struct chain *chain = &c->chain;
	struct packet p = {
		.of = c,
		.plan = plan_unpack(c->plan),
		.due = (double)c->due_ms,
		.place = place,
		.people = people,
		.round = chain->round,
		.step = chain->step,
		.pass = chain->pass,
		.address = chain->address,
		.tried = c->tried,
		.final = chain->phase == PHASE_FINAL,
		.under_way = c->under_way,
	};

	if (chain->phase == PHASE_RESTING) {
		p.round++;
		p.step = p.pass = p.address = 0;
	}
	/* A place that the plan does not have: what the roster or the settings say has changed. */
	if (p.step >= p.plan.steps || p.round >= c->policy->rounds)
		p.final = true;
	else if (p.address >= p.plan.step[p.step].addresses)
		p.address = 0;
	/* A call has its line; what was handed over otherwise may still wait for a worker. */
	p.under_way &= !p.final && channel_of(&p) == CHANNEL_VOICE;
	return p;
}

/* Whether the first pass of the first step is behind them. */
static bool was_tried(const struct delivery *d)
{
	const struct chain *c = &d->chain;

	return c->phase != PHASE_DIALING || c->round > 0 || c->step > 0 || c->pass > 0;
}

struct cohort cohort_of(const struct delivery *d, const struct broadcast *b, int64_t created_at,
			int64_t now)
{
	bool in_flight = d->state == DELIVERY_IN_FLIGHT;

	return (struct cohort){
		.policy = &b->policy,
		.lane = b->lane,
		.plan = d->plan,
		.people = 1,
		.over = d->state != DELIVERY_WAITING && !in_flight,
		.tried = was_tried(d),
		.under_way = in_flight,
		.chain = d->chain,
		.due_ms = (in_flight ? created_at : d->due_at) - now,
	};
}

static bool can_be_reached(const struct cohort *c)
{
	return plan_unpack(c->plan).steps > 0;
}

static void add_packets(struct simulation *s, const struct cohort *c, double place, int64_t size)
{
	int64_t packets = (c->people + size - 1) / size, left = c->people;

	for (int64_t i = 0; i < packets; i++) {
		int64_t people = left / (packets - i);
		double at = packets > 1 ? ((double)i + place) / (double)packets : place;
		struct packet p = packet_of(c, people, at);
		wait_on(s, &p);
		left -= people;
	}
}

/* Of so many people a packet is made, and so many packets there will be. */
static int64_t packet_size(const struct cohort *cohorts, size_t count, size_t *packets)
{
	int64_t all = 0, unused[CHANNEL_END] = {0};

	for (size_t i = 0; i < count; i++) {
		const struct plan plan = plan_unpack(cohorts[i].plan);
		all += cohorts[i].people * attempts_left(&cohorts[i], &plan, unused);
	}
	int64_t size = all / ATTEMPTS_RECKONED + 1;
	*packets = 0;
	for (size_t i = 0; i < count; i++)
		*packets += (size_t)((cohorts[i].people + size - 1) / size);
	return size;
}

static void set_up_server(struct server *server, int64_t lines, size_t packets)
{
	server->count = lines;
	server->lines = mem_array((size_t)lines, sizeof *server->lines);
	for (int64_t i = 0; i < lines; i++)
		server->lines[i] = LONG_AGO;
	server->rate_free = LONG_AGO;
	server->queue = (struct heap){.list = mem_array(packets, sizeof *server->queue.list),
				      .goes_before = is_served_before};
}

static void set_up(struct simulation *s, const struct cohort *cohorts, size_t count)
{
	size_t packets;
	int64_t size = packet_size(cohorts, count, &packets), people = 1;

	for (size_t i = 0; i < count; i++)
		people += cohorts[i].people;
	s->tried = mem_array(packets, sizeof *s->tried);
	s->coming = (struct heap){.list = mem_array(packets, sizeof *s->coming.list),
				  .goes_before = is_due_before};
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		int64_t lines = s->capacity[c].lines < people ? s->capacity[c].lines : people;
		set_up_server(&s->servers[c], lines > 0 ? lines : 1, packets);
	}
	for (size_t i = 0; i < count; i++)
		if (!cohorts[i].over && can_be_reached(&cohorts[i]))
			add_packets(s, &cohorts[i], ((double)i + 0.5) / (double)count, size);
}

static void tear_down(struct simulation *s)
{
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		free(s->servers[c].lines);
		free(s->servers[c].queue.list);
	}
	free(s->coming.list);
	free(s->tried);
}

/* what comes out */

static void count_people(const struct cohort *cohorts, size_t count, struct forecast *f)
{
	for (size_t i = 0; i < count; i++) {
		const struct cohort *c = &cohorts[i];
		const struct plan plan = plan_unpack(c->plan);
		int64_t each[CHANNEL_END] = {0};
		if (c->in_the_way)
			continue;
		f->people += c->people;
		if (plan.steps == 0) {
			f->unreachable += c->people;
			continue;
		}
		f->tried += c->tried || c->over ? c->people : 0;
		if (c->over || attempts_left(c, &plan, each) == 0)
			continue;
		for (int k = CHANNEL_NONE + 1; k < CHANNEL_END; k++)
			f->attempts[k] += c->people * each[k];
	}
}

static int by_time(const void *a, const void *b)
{
	const struct tried *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* When `part` of a hundred of those who can be reached were tried. */
static int64_t tried_at(const struct simulation *s, const struct forecast *f, int64_t part)
{
	int64_t wanted = ((f->people - f->unreachable) * part + 99) / 100, sum = f->tried;
	double at = 0;

	for (size_t i = 0; i < s->tried_count && sum < wanted; i++) {
		sum += s->tried[i].people;
		at = s->tried[i].at;
	}
	return whole_ms(at);
}

struct forecast forecast_go_on(const struct cohort *cohorts, size_t count,
			       const struct capacity *capacity)
{
	struct simulation s = {.capacity = capacity};
	struct forecast f = {0};

	count_people(cohorts, count, &f);
	set_up(&s, cohorts, count);
	run(&s);
	qsort(s.tried, s.tried_count, sizeof *s.tried, by_time);
	f.half_ms = tried_at(&s, &f, 50);
	f.most_ms = tried_at(&s, &f, 90);
	f.first_ms = tried_at(&s, &f, 100);
	f.all_ms = whole_ms(s.all_end);
	tear_down(&s);
	return f;
}

static void count_passed_over(const struct plan_count *plan, unsigned channels, struct forecast *f)
{
	for (int channel = CHANNEL_NONE + 1; channel < CHANNEL_END; channel++)
		if (!(channels & 1u << channel) && plan_restrict(plan->plan, 1u << channel) != 0)
			f->passed_over[channel] += plan->people;
}

static struct forecast make(const struct plan_count *plans, size_t count, unsigned channels,
			    const struct policy *policy, int lane, const struct cohort *others,
			    size_t other_count, const struct capacity *capacity)
{
	struct cohort *cohorts = mem_array(count + other_count, sizeof *cohorts);

	for (size_t i = 0; i < count; i++)
		cohorts[i] = (struct cohort){
			.policy = policy,
			.plan = plan_restrict(plans[i].plan, channels),
			.people = plans[i].people,
			.lane = lane,
		};
	for (size_t i = 0; i < other_count; i++) {
		cohorts[count + i] = others[i];
		cohorts[count + i].in_the_way = true;
	}
	struct forecast f = forecast_go_on(cohorts, count + other_count, capacity);
	for (size_t i = 0; i < count; i++)
		count_passed_over(&plans[i], channels, &f);
	free(cohorts);
	return f;
}

struct forecast forecast_make(const struct plan_count *plans, size_t count, unsigned channels,
			      const struct policy *policy, const struct capacity *capacity)
{
	return make(plans, count, channels, policy, 0, NULL, 0, capacity);
}

struct forecast forecast_make_among(const struct plan_count *plans, size_t count,
				    const struct broadcast *b, const struct cohort *others,
				    size_t other_count, const struct capacity *capacity)
{
	return make(plans, count, b->channels, &b->policy, b->lane, others, other_count, capacity);
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
