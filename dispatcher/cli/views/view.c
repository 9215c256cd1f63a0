#include "dispatcher/cli/views/view.h"

#include "common/base/clock.h"
#include "common/conf/transport.h"
#include "common/store/delivery.h"
#include "dispatcher/cli/show.h"
#include "dispatcher/cli/views/story_words.h"

#include <inttypes.h>
#include <string.h>

enum {
	TIME_OF_DAY = 11, /* where it stands in "2026-11-21 14:03:22" */
	LABEL = 22,       /* columns of a choice's name */
	ANSWERS_END = 50, /* where its bar begins */
	THIRD = 26,
};

enum store_status view_load(struct cli *cli, const struct figures *figures, int rows,
			    struct view *view)
{
	struct store *store = cli_store(cli);
	struct story_about about = {
		.broadcast = figures->broadcast, .most = rows, .without_ledger = true};
	enum store_status status = queued_measure(store, clock_utc(), view->paces);

	view->figures = figures;
	for (int c = CHANNEL_NONE + 1; !status && c < CHANNEL_END; c++)
		status = attempt_open_count(store, (enum channel)c, &view->in_flight[c]);
	return status ? status : story_load(store, &about, &view->newest);
}

void view_free(struct view *view)
{
	story_free(&view->newest);
}

/* pieces */

static void put_number(struct screen *s, enum style style, int width, int64_t n)
{
	struct buf number = {0};

	show_number(n, &number);
	screen_put(s, style, "%*s", width, buf_text(&number));
	buf_free(&number);
}

static void put_heading(struct screen *s, const char *text)
{
	screen_put(s, STYLE_HEAD, "%s", text);
	screen_next(s);
}

static void draw_head(const struct view *v, struct screen *s)
{
	const struct figures *f = v->figures;
	char now[CLOCK_TEXT];

	screen_put(s, STYLE_HEAD, "Broadcast %" PRId64 ", %s, %s", f->broadcast, kind_name(f->kind),
		   broadcast_state_name(f->state));
	screen_right(s, STYLE_FAINT, clock_local_text(clock_utc(), now) + TIME_OF_DAY);
	screen_next(s);
	screen_put(s, STYLE_PLAIN, "%s", f->title);
	screen_next(s);
}

static void draw_warnings(struct cli *cli, struct screen *s)
{
	struct buf text = {0};

	transport_warnings(cli_settings(cli), &text);
	char *rest = text.data;
	for (const char *line; rest && *rest;) {
		line = strsep(&rest, "\n");
		screen_put(s, STYLE_BAD, "%s", line);
		screen_next(s);
	}
	buf_free(&text);
}

static void draw_down(const struct figures *f, struct screen *s)
{
	char since[CLOCK_TEXT];

	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END && !figures_over(f); c++) {
		if (!f->down[c].since)
			continue;
		screen_put(s, STYLE_BAD, "! %s is DOWN since %s: %s", channel_name((enum channel)c),
			   clock_local_text(f->down[c].since, since) + TIME_OF_DAY,
			   f->down[c].reason);
		screen_next(s);
	}
}

/* [####====......]  62% */
static void draw_bar(const struct figures *f, struct screen *s)
{
	char cells[1024];
	int64_t all = f->targeted > 0 ? f->targeted : 1;
	int64_t over = f->people[DELIVERY_EXHAUSTED] + f->people[DELIVERY_CANCELLED];
	int width = s->columns - 8 < 1000 ? s->columns - 8 : 1000;
	int answered = width > 0 ? (int)(f->people[DELIVERY_ANSWERED] * width / all) : 0;
	int ended = width > 0 ? (int)((f->people[DELIVERY_ANSWERED] + over) * width / all) : 0;
	const struct {
		enum style style;
		char sign;
		int count;
	} parts[] = {{STYLE_GOOD, '#', answered},
		     {STYLE_LATE, '=', ended - answered},
		     {STYLE_FAINT, '.', width - ended}};

	screen_put(s, STYLE_PLAIN, "[");
	for (size_t i = 0; i < LENGTH(parts); i++) {
		if (parts[i].count <= 0)
			continue;
		memset(cells, parts[i].sign, (size_t)parts[i].count);
		cells[parts[i].count] = '\0';
		screen_put(s, parts[i].style, "%s", cells);
	}
	screen_put(s, STYLE_PLAIN, "] %3d%%", show_percent(f));
	screen_next(s);
}

static void draw_states(const struct figures *f, struct screen *s)
{
	const struct {
		const char *name;
		int64_t people;
		enum style style;
	} cells[] = {{"# answered", f->people[DELIVERY_ANSWERED], STYLE_GOOD},
		     {". waiting", f->people[DELIVERY_WAITING], STYLE_PLAIN},
		     {". in flight", f->people[DELIVERY_IN_FLIGHT], STYLE_PLAIN},
		     {"= exhausted", f->people[DELIVERY_EXHAUSTED], STYLE_LATE},
		     {"= cancelled", f->people[DELIVERY_CANCELLED], STYLE_PLAIN},
		     {"  targeted", f->targeted, STYLE_PLAIN}};

	for (size_t i = 0; i < LENGTH(cells); i++) {
		screen_column(s, (int)(i % 3) * THIRD);
		screen_put(s, STYLE_PLAIN, "%-11s ", cells[i].name);
		put_number(s, cells[i].people ? cells[i].style : STYLE_FAINT, 10, cells[i].people);
		if (i % 3 == 2)
			screen_next(s);
	}
	if (!f->balanced) {
		screen_put(s, STYLE_BAD, "DOES NOT ADD UP: tenko verify");
		screen_next(s);
	}
}

static void add_in(struct buf *out, const char *before, int64_t ms)
{
	if (ms <= 0)
		return;
	buf_text_add(out, before);
	show_duration(ms, out);
}

/* When first contacts are through, and all of it. */
static void draw_times(const struct figures *f, struct screen *s)
{
	struct buf line = {0};
	char at[CLOCK_TEXT];

	if (f->finished_at && figures_over(f)) {
		screen_put(s, STYLE_HEAD, "Ended %s", clock_local_text(f->finished_at, at));
		screen_next(s);
		return;
	}
	if (f->tried >= 0) {
		buf_format(&line, "First contact  %d%% tried",
			   (int)(f->targeted > 0 ? f->tried * 100 / f->targeted : 0));
		add_in(&line, ", half in ", f->half_ms);
		add_in(&line, ", 90% in ", f->most_ms);
		add_in(&line, ", all in ", f->first_ms);
		screen_put(s, STYLE_PLAIN, "%s", buf_text(&line));
		screen_next(s);
		buf_clear(&line);
	}
	if (f->state == BROADCAST_PAUSED)
		buf_text_add(&line, "Held: nothing is sent until tenko resume");
	else if (f->eta_ms >= 0) {
		buf_text_add(&line, "The end        in ");
		show_duration(f->eta_ms, &line);
		buf_format(&line, " at most, %.16s", clock_local_text(clock_utc() + f->eta_ms, at));
	} else {
		buf_text_add(&line, "The end        is not known yet");
	}
	screen_put(s, f->state == BROADCAST_PAUSED ? STYLE_LATE : STYLE_PLAIN, "%s",
		   buf_text(&line));
	screen_next(s);
	buf_free(&line);
}

static void draw_answer(const struct answer_figure *a, int64_t most, enum language language,
			struct screen *s)
{
	struct buf label = {0};
	int room = s->columns - ANSWERS_END;
	int64_t length = most > 0 && room > 0 ? a->people * room / most : 0;

	if (length == 0 && a->people > 0 && room > 0)
		length = 1; /* a few among many are those to look for */
	show_cell(a->label[language], LABEL, &label);
	screen_put(s, STYLE_PLAIN, "  %s ", buf_text(&label));
	screen_put(s, STYLE_FAINT, "%-10.10s ", a->key);
	put_number(s, STYLE_PLAIN, 10, a->people);
	screen_column(s, ANSWERS_END);
	for (; length > 0; length--)
		screen_put(s, STYLE_PLAIN, "#");
	screen_next(s);
	buf_free(&label);
}

/* As many as there is room for beside the rest. */
static void draw_answers(const struct figures *f, enum language language, struct screen *s)
{
	int64_t most = 0;
	int room = screen_left(s) - 8;

	if (f->kind == KIND_FAMILY)
		return; /* they are told, not asked */
	for (size_t i = 0; i < f->answer_count; i++)
		most = f->answers[i].people > most ? f->answers[i].people : most;
	put_heading(s, "Answers");
	for (size_t i = 0; i < f->answer_count; i++) {
		if ((int)i >= room && room > 0) {
			screen_put(s, STYLE_FAINT, "  and %zu more: tenko status",
				   f->answer_count - i);
			screen_next(s);
			break;
		}
		draw_answer(&f->answers[i], most, language, s);
	}
}

static int64_t ended_of(const struct figures *f, enum channel c)
{
	int64_t sum = 0;

	for (int outcome = 1; outcome < OUTCOME_END; outcome++)
		sum += f->attempts[c][outcome];
	return sum;
}

static void draw_channel(const struct view *v, enum channel c, struct screen *s)
{
	const struct figures *f = v->figures;
	const struct pace_measured *pace = &v->paces[c];
	int64_t span = pace->last_end - pace->first_end;

	screen_put(s, STYLE_PLAIN, "  %-10s", channel_name(c));
	put_number(s, STYLE_PLAIN, 10, v->in_flight[c]);
	if (pace->ended > 1 && span > 0)
		screen_put(s, STYLE_PLAIN, " %10.1f",
			   (double)(pace->ended - 1) * 1000.0 / (double)span);
	else
		screen_put(s, STYLE_FAINT, " %10s", "-");
	put_number(s, STYLE_PLAIN, 12, ended_of(f, c));
	if (f->down[c].since)
		screen_put(s, STYLE_BAD, "  DOWN");
	screen_next(s);
}

static void draw_channels(const struct view *v, struct screen *s)
{
	screen_put(s, STYLE_HEAD, "%-12s", "Channels");
	screen_put(s, STYLE_FAINT, "%10s %10s%12s", "in flight", "a second", "tried");
	screen_next(s);
	for (int c = CHANNEL_NONE + 1; c < CHANNEL_END; c++)
		if (v->figures->channels & 1u << c || v->figures->down[c].since)
			draw_channel(v, (enum channel)c, s);
}

/* Answers and what went wrong; that mail goes out well the figures say. */
static bool is_news(const struct story_event *e)
{
	if (e->kind == STORY_QUEUED || e->kind == STORY_CALL || e->kind == STORY_REQUESTED)
		return false;
	return e->kind != STORY_ENDED || e->number == OUTCOME_REFUSED ||
	       e->number == OUTCOME_TEMPORARY || e->number == OUTCOME_UNKNOWN ||
	       e->number == OUTCOME_OUTAGE;
}

static void draw_newest(const struct view *v, struct screen *s)
{
	put_heading(s, "Newest");
	for (size_t i = v->newest.count; i > 0 && screen_left(s) > 1; i--) {
		const struct story_event *e = &v->newest.list[i - 1];
		char at[CLOCK_TEXT];
		struct buf line = {0};
		if (!is_news(e))
			continue;
		story_say(e, &line);
		screen_put(s, STYLE_FAINT, "  %s ", clock_local_text(e->at, at) + TIME_OF_DAY);
		screen_put(s, STYLE_PLAIN, "%s%s%s", e->user ? e->user : "", e->user ? " " : "",
			   buf_text(&line));
		screen_next(s);
		buf_free(&line);
	}
}

void view_draw(struct cli *cli, const struct view *v, struct screen *s)
{
	const struct figures *f = v->figures;

	screen_begin(s);
	draw_head(v, s);
	draw_warnings(cli, s);
	draw_down(f, s);
	draw_bar(f, s);
	draw_states(f, s);
	draw_times(f, s);
	draw_answers(f, cli_language(cli), s);
	draw_channels(v, s);
	if (screen_left(s) > 2)
		draw_newest(v, s);
	screen_last(s);
	screen_put(s, STYLE_FAINT, "q ends this view, the broadcast goes on");
	screen_show(s);
}
