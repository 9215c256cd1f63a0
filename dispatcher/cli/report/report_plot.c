#include "dispatcher/cli/report/report.h"

#include "common/base/mem.h"
#include "dispatcher/cli/show.h"

#include <inttypes.h>

/* The drawing's units; the curves lie in a field within it. */
enum {
	WIDTH = 720,
	HEIGHT = 300,
	LEFT = 52,
	RIGHT = 14,
	TOP = 14,
	BOTTOM = 46,
	FIELD_WIDTH = WIDTH - LEFT - RIGHT,
	FIELD_HEIGHT = HEIGHT - TOP - BOTTOM,
	POINTS = 180,
	TICKS = 6,
};

struct plot {
	struct buf *out;
	enum language language;
	int64_t span; /* ms that the width stands for */
};

static double across(const struct plot *p, int64_t ms)
{
	return LEFT + (double)FIELD_WIDTH * (double)ms / (double)p->span;
}

static double above(double share)
{
	return TOP + FIELD_HEIGHT * (1 - share);
}

/* A minute at least; so long that a few who came very late do not press all others together. */
static int64_t choose_span(const struct report *r)
{
	enum { MINUTE = 60000, MOST_OF_THEM = 98 };
	int64_t reached = times_within(&r->reaches, MOST_OF_THEM),
		answered = times_within(&r->all.answers, MOST_OF_THEM);
	int64_t span = (reached > answered ? reached : answered) * 11 / 10;

	return span > MINUTE ? span : MINUTE;
}

/* The distance between marks of the time: about TICKS of them. */
static int64_t choose_step(int64_t span)
{
	static const int64_t steps[] = {10,   30,   60,	   120,	  300,	 600,	1200,
					1800, 3600, 7200, 14400, 21600, 43200, 86400};

	for (size_t i = 0; i < LENGTH(steps); i++)
		if (steps[i] * 1000 * TICKS >= span)
			return steps[i] * 1000;
	return 86400 * 1000 * (span / (86400 * INT64_C(1000) * TICKS) + 1);
}

static void draw_frame(const struct plot *p)
{
	int64_t step = choose_step(p->span);

	for (int share = 0; share <= 100; share += 25) {
		double y = above(share / 100.0);
		buf_format(p->out,
			   "<line class=g x1=%d x2=%d y1=%.1f y2=%.1f />"
			   "<text class=y x=%d y=%.1f>%d %%</text>",
			   LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4, share);
	}
	for (int64_t at = 0; at <= p->span; at += step) {
		double x = across(p, at);
		buf_format(p->out,
			   "<line class=g x1=%.1f x2=%.1f y1=%d y2=%d /><text class=x x=%.1f y=%d>",
			   x, x, TOP, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 18);
		if (at == 0)
			buf_char(p->out, '0');
		else
			show_duration_in(p->language, at, p->out);
		buf_text_add(p->out, "</text>");
	}
}

static void draw_curve(const struct plot *p, const char *class, const struct times *times,
		       int64_t people)
{
	buf_format(p->out, "<polyline class=\"c %s\" points=\"", class);
	for (int i = 0; i <= POINTS; i++) {
		int64_t ms = p->span * i / POINTS;
		double share = people > 0 ? (double)times_by(times, ms) / (double)people : 0;
		buf_format(p->out, "%.1f,%.1f ", across(p, ms), above(share));
	}
	buf_text_add(p->out, "\"/>");
}

static void draw_key(const struct plot *p, int place, const char *class, const char *words)
{
	int x = LEFT + place * 190, y = HEIGHT - 8;

	buf_format(p->out,
		   "<line class=\"c %s\" x1=%d x2=%d y1=%d y2=%d /><text x=%d y=%d>%s</text>", class,
		   x, x + 28, y - 4, y - 4, x + 36, y, words);
}

void report_plot(const struct report *r, struct report *const *before, size_t count,
		 enum language language, struct buf *out)
{
	static const char *const words[LANGUAGES][4] = {
		{"届いた人", "回答した人", "前回までの回答", "時間ごとの到達と回答"},
		{"reached", "answered", "earlier answers", "reached and answered over time"}};
	const struct plot p = {.out = out, .language = language, .span = choose_span(r)};

	buf_format(out, "<svg viewBox=\"0 0 %d %d\" role=img aria-label=\"%s\">", WIDTH, HEIGHT,
		   words[language][3]);
	draw_frame(&p);
	for (size_t i = 0; i < count; i++)
		draw_curve(&p, "e", &before[i]->all.answers, before[i]->all.people);
	draw_curve(&p, "r", &r->reaches, r->all.people);
	draw_curve(&p, "a", &r->all.answers, r->all.people);
	draw_key(&p, 0, "r", words[language][0]);
	draw_key(&p, 1, "a", words[language][1]);
	if (count > 0)
		draw_key(&p, 2, "e", words[language][2]);
	buf_text_add(out, "</svg>");
}
