#include "common/base/clock.h"
#include "dispatcher/cli/show.h"
#include "dispatcher/cli/views/top.h"

#include <inttypes.h>

enum {
	TIME_OF_DAY = 11,  /* where it stands in "2026-11-21 14:03:22" */
	QUIET_MS = 60000,  /* a worker that is not heard of for longer is told apart */
	OLD_MS = 60000,    /* so is a job that waits for longer */
	STALE_MS = 900000, /* and a feed that gave no sound answer for longer */
	NAME = 24,
};

static void put_number(struct screen *s, enum style style, int width, int64_t n)
{
	struct buf number = {0};

	show_number(n, &number);
	screen_put(s, style, " %*s", width, buf_text(&number));
	buf_free(&number);
}

static void put_age(struct screen *s, enum style style, int width, int64_t ms)
{
	struct buf age = {0};

	if (ms < 0)
		buf_char(&age, '-');
	else
		show_duration(ms, &age);
	screen_put(s, style, " %*s", width, buf_text(&age));
	buf_free(&age);
}

static void head(struct screen *s, const char *name, const char *columns)
{
	screen_put(s, STYLE_HEAD, "%-10s", name);
	screen_put(s, STYLE_FAINT, "%s", columns);
	screen_next(s);
}

static void draw_channels(const struct top *t, struct screen *s)
{
	head(s, "Channels", "  in flight of  window   a second of   limit");
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		bool full = t->channels[c].in_flight >= t->channels[c].window;
		char limit[24] = "none";
		if (t->channels[c].rate)
			snprintf(limit, sizeof limit, "%" PRId64, t->channels[c].rate);
		screen_put(s, STYLE_PLAIN, "  %-8s", channel_name((enum channel)c));
		put_number(s, full ? STYLE_LATE : STYLE_PLAIN, 10, t->channels[c].in_flight);
		put_number(s, STYLE_FAINT, 10, t->channels[c].window);
		screen_put(s, STYLE_PLAIN, " %10.1f", top_rate(&t->channels[c].pace));
		screen_put(s, STYLE_FAINT, " %10s", limit);
		if (t->channels[c].down_since)
			screen_put(s, STYLE_BAD, "  DOWN");
		screen_next(s);
	}
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++) {
		char since[CLOCK_TEXT];
		if (!t->channels[c].down_since)
			continue;
		screen_put(s, STYLE_BAD, "! %s is DOWN since %s: %s", channel_name((enum channel)c),
			   clock_local_text(t->channels[c].down_since, since) + TIME_OF_DAY,
			   t->channels[c].reason);
		screen_next(s);
	}
}

static void draw_queues(const struct top *t, struct screen *s)
{
	int64_t jobs = 0;

	if (!t->reached) {
		screen_put(s, STYLE_BAD, "The queue cannot be reached: %s", buf_text(&t->fault));
		screen_next(s);
		screen_put(s, STYLE_PLAIN,
			   "Nothing is lost by that; is Redis running? tenko config check");
		screen_next(s);
		return;
	}
	head(s, "Queues", "        lane       jobs   with workers  oldest waiting");
	for (size_t i = 0; i < t->queue.stream_count; i++) {
		const struct stream_figures *q = &t->queue.streams[i];
		if (q->length == 0)
			continue;
		jobs += q->length;
		screen_put(s, STYLE_PLAIN, "  %-8s%12s", channel_name(q->channel),
			   q->lane ? "routine" : "urgent");
		put_number(s, STYLE_PLAIN, 10, q->length);
		put_number(s, STYLE_PLAIN, 14, q->pending);
		put_age(s, t->oldest_ms[i] > OLD_MS ? STYLE_LATE : STYLE_PLAIN, 15,
			t->oldest_ms[i]);
		screen_next(s);
	}
	if (jobs == 0) {
		screen_put(s, STYLE_PLAIN, "  all empty");
		screen_next(s);
	}
	screen_put(s, STYLE_PLAIN, "  reports not taken in yet: %" PRId64 ", ", t->queue.results);
	screen_put(s, t->queue.dead ? STYLE_BAD : STYLE_PLAIN, "dead letters: %" PRId64,
		   t->queue.dead);
	screen_next(s);
}

/* Where not all that are left fit above the last `kept` lines, says how many there are. */
static bool no_room(struct screen *s, size_t left, int kept)
{
	if (left <= 1 || screen_left(s) > kept)
		return false;
	screen_put(s, STYLE_FAINT, "  and %zu more: tenko top --once", left);
	screen_next(s);
	return true;
}

/* Lines that the feeds want, so that what stands above leaves them some. */
static int feeds_room(const struct top *t)
{
	return t->feed_count == 0 ? 0 : t->feed_count == 1 ? 2 : 3;
}

static void draw_workers(const struct top *t, struct screen *s)
{
	head(s, "Workers", "                         jobs  last heard of");
	if (t->reached && t->worker_count == 0) {
		screen_put(s, STYLE_BAD, "  none has ever asked for jobs: is tenkod running?");
		screen_next(s);
	}
	for (size_t i = 0; i < t->worker_count; i++) {
		if (no_room(s, t->worker_count - i, 4 + feeds_room(t)))
			break;
		const struct top_worker *w = &t->workers[i];
		bool quiet = w->idle_ms > QUIET_MS;
		struct buf name = {0};
		show_cell(w->name, NAME, &name);
		screen_put(s, STYLE_PLAIN, "  %s %-6s", buf_text(&name), channel_name(w->channel));
		put_number(s, STYLE_PLAIN, 5, w->jobs);
		put_age(s, quiet ? STYLE_LATE : STYLE_PLAIN, 10, w->idle_ms);
		screen_put(s, quiet ? STYLE_LATE : STYLE_PLAIN, quiet ? " ago: gone?" : " ago");
		screen_next(s);
		buf_free(&name);
	}
}

static void draw_processes(const struct top *t, struct screen *s)
{
	head(s, "Processes", "               pid    CPU  memory MB   runs for");
	if (t->process_count == 0) {
		screen_put(s, STYLE_LATE, "  tenkod does not run on this machine");
		screen_next(s);
	}
	for (size_t i = 0; i < t->process_count; i++) {
		if (no_room(s, t->process_count - i, 2 + feeds_room(t)))
			break;
		const struct local_process *p = &t->processes[i];
		screen_put(s, STYLE_PLAIN, "  %-16s%10" PRId64 " %5.1f%% %10.1f", p->name, p->pid,
			   t->percent[i], (double)p->memory_kb / 1024.0);
		put_age(s, STYLE_PLAIN, 10, p->seconds * 1000);
		screen_next(s);
	}
}

static void draw_feeds(const struct top *t, struct screen *s)
{
	if (t->feed_count == 0)
		return;
	head(s, "Feeds", "  last sound answer");
	for (size_t i = 0; i < t->feed_count && screen_left(s) > 1; i++) {
		const struct top_feed *f = &t->feeds[i];
		int64_t age = f->answered_at ? t->at - f->answered_at : -1;
		bool stale = age < 0 || age > STALE_MS;
		put_age(s, stale ? STYLE_BAD : STYLE_PLAIN, 12, age);
		screen_put(s, STYLE_PLAIN, " ago  %s", f->url);
		if (*f->fault)
			screen_put(s, STYLE_LATE, "  %s", f->fault);
		screen_next(s);
	}
}

void top_draw(const struct top *t, struct screen *s)
{
	char now[CLOCK_TEXT];

	screen_begin(s);
	screen_put(s, STYLE_HEAD, "Tenko, %" PRId64 " broadcast%s open", t->running,
		   t->running == 1 ? "" : "s");
	screen_right(s, STYLE_FAINT, clock_local_text(t->at, now) + TIME_OF_DAY);
	screen_next(s);
	draw_channels(t, s);
	draw_queues(t, s);
	draw_workers(t, s);
	draw_processes(t, s);
	draw_feeds(t, s);
}
