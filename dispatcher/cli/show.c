#include "dispatcher/cli/show.h"

#include "common/base/clock.h"
#include "common/base/utf8.h"

#include <inttypes.h>
#include <string.h>

enum { BAR_WIDTH = 30 };

void show_duration_in(enum language language, int64_t ms, struct buf *out)
{
	enum { SECOND, MINUTE, HOUR, DAY, UNITS };
	static const char *const units[LANGUAGES][UNITS] = {{"秒", "分", "時間", "日"},
							    {"s", "min", "h", "d"}};
	const char *const *unit = units[language];
	int64_t seconds = (ms + 999) / 1000, minutes = (seconds + 30) / 60, hours = minutes / 60;

	if (seconds < 60)
		buf_format(out, "%" PRId64 " %s", seconds, unit[SECOND]);
	else if (minutes < 60)
		buf_format(out, "%" PRId64 " %s", minutes, unit[MINUTE]);
	else if (hours < 48)
		buf_format(out, "%" PRId64 " %s %" PRId64 " %s", hours, unit[HOUR], minutes % 60,
			   unit[MINUTE]);
	else
		buf_format(out, "%" PRId64 " %s %" PRId64 " %s", hours / 24, unit[DAY], hours % 24,
			   unit[HOUR]);
}

void show_duration(int64_t ms, struct buf *out)
{
	show_duration_in(LANGUAGE_EN, ms, out);
}

void show_number(int64_t n, struct buf *out)
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%" PRId64, n);

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			buf_char(out, ',');
		buf_char(out, digits[i]);
	}
}

void show_people(int64_t count, struct buf *out)
{
	show_number(count, out);
	buf_text_add(out, count == 1 ? " person" : " people");
}

static int64_t left(const struct figures *f)
{
	return f->people[DELIVERY_WAITING] + f->people[DELIVERY_IN_FLIGHT];
}

void show_bar(const struct figures *f, int width, struct buf *out)
{
	int64_t all = f->targeted > 0 ? f->targeted : 1;
	int64_t answered = f->people[DELIVERY_ANSWERED] * width / all;
	int64_t accounted = (f->targeted - left(f)) * width / all;

	buf_char(out, '[');
	for (int i = 0; i < width; i++)
		buf_char(out, i < answered ? '#' : i < accounted ? '=' : '.');
	buf_char(out, ']');
}

int show_percent(const struct figures *f)
{
	if (f->targeted <= 0)
		return 0;
	return (int)((f->targeted - left(f)) * 100 / f->targeted);
}

void show_summary(const struct figures *f, struct buf *out)
{
	buf_format(out,
		   "answered %" PRId64 ", exhausted %" PRId64 ", waiting %" PRId64
		   ", in flight %" PRId64,
		   f->people[DELIVERY_ANSWERED], f->people[DELIVERY_EXHAUSTED],
		   f->people[DELIVERY_WAITING], f->people[DELIVERY_IN_FLIGHT]);
	if (f->people[DELIVERY_CANCELLED])
		buf_format(out, ", cancelled %" PRId64, f->people[DELIVERY_CANCELLED]);
	buf_format(out, " of %" PRId64, f->targeted);
}

static void show_count(const char *name, int64_t n, struct buf *out)
{
	struct buf number = {0};

	show_number(n, &number);
	buf_format(out, "  %-10s %12s", name, buf_text(&number));
	buf_free(&number);
}

static void show_states(const struct figures *f, struct buf *out)
{
	static const struct {
		enum delivery_state state;
		const char *name;
	} order[] = {{DELIVERY_ANSWERED, "answered"},
		     {DELIVERY_WAITING, "waiting"},
		     {DELIVERY_IN_FLIGHT, "in flight"},
		     {DELIVERY_EXHAUSTED, "exhausted"},
		     {DELIVERY_CANCELLED, "cancelled"}};

	show_bar(f, BAR_WIDTH, out);
	buf_format(out, " %3d%%\n", show_percent(f));
	for (size_t i = 0; i < LENGTH(order); i++) {
		show_count(order[i].name, f->people[order[i].state], out);
		buf_char(out, '\n');
	}
	show_count("targeted", f->targeted, out);
	buf_text_add(out, f->balanced ? "  adds up\n" : "  DOES NOT ADD UP: tenko verify\n");
}

static void show_answers(const struct figures *f, enum language language, struct buf *out)
{
	if (f->kind == KIND_FAMILY)
		return; /* they are told, not asked */
	buf_text_add(out, "Answers\n");
	for (size_t i = 0; i < f->answer_count; i++) {
		const struct answer_figure *a = &f->answers[i];
		show_count(a->key, a->people, out);
		buf_format(out, "  %s\n", a->label[language]);
	}
}

static void show_attempts(const struct figures *f, struct buf *out)
{
	for (int channel = 1; channel < CHANNEL_END; channel++) {
		const char *between = "";
		for (int outcome = 1; outcome < OUTCOME_END; outcome++) {
			int64_t n = f->attempts[channel][outcome];
			if (!n)
				continue;
			if (!*between)
				buf_format(out, "  %s: ", channel_name((enum channel)channel));
			buf_format(out, "%s%" PRId64 " %s", between, n,
				   outcome_name((enum outcome)outcome));
			between = ", ";
		}
		buf_text_add(out, *between ? "\n" : "");
	}
}

static void show_family(const struct family_figures *f, struct buf *out)
{
	if (!f->broadcast)
		return;
	buf_format(out,
		   "Families (tenko status %" PRId64 ")\n  %" PRId64 " told of answers: %" PRId64
		   " mails delivered, %" PRId64 " refused; %" PRId64 " to be told\n",
		   f->broadcast, f->users, f->delivered, f->refused, f->waiting + f->in_flight);
}

static void show_down(const struct figures *f, struct buf *out)
{
	char text[CLOCK_TEXT];

	for (int channel = 1; channel < CHANNEL_END && !figures_over(f); channel++)
		if (f->down[channel].since)
			buf_format(out,
				   "! %s is down since %s: %s\n  It is tried again by itself.\n",
				   channel_name((enum channel)channel),
				   clock_local_text(f->down[channel].since, text),
				   f->down[channel].reason);
}

void show_first_contact(const struct figures *f, struct buf *out)
{
	if (f->tried < 0)
		return;
	buf_format(out, "First contact: %d%% tried",
		   (int)(f->targeted > 0 ? f->tried * 100 / f->targeted : 0));
	if (f->first_ms > 0) {
		buf_text_add(out, ", all in ");
		show_duration(f->first_ms, out);
	}
	if (f->half_ms > 0) {
		buf_text_add(out, "\n  half in ");
		show_duration(f->half_ms, out);
	}
	if (f->most_ms > 0) {
		buf_text_add(out, f->half_ms > 0 ? ", 90% in " : "\n  90% in ");
		show_duration(f->most_ms, out);
	}
	buf_char(out, '\n');
}

static void show_time(const struct figures *f, struct buf *out)
{
	char text[CLOCK_TEXT];

	if (f->finished_at && figures_over(f)) {
		buf_format(out, "ended %s\n", clock_local_text(f->finished_at, text));
		return;
	}
	buf_format(out, "%.1f attempts/s", f->rate);
	if (f->eta_ms >= 0) {
		buf_text_add(out, ", done in ");
		show_duration(f->eta_ms, out);
		buf_text_add(out, " at most");
	}
	buf_char(out, '\n');
}

void show_figures(const struct figures *f, enum language language, struct buf *out)
{
	char text[CLOCK_TEXT];

	buf_format(out, "Broadcast %" PRId64 ", %s, %s\n%s\nasked for %s\n\n", f->broadcast,
		   kind_name(f->kind), broadcast_state_name(f->state), f->title,
		   clock_local_text(f->requested_at, text));
	show_states(f, out);
	show_answers(f, language, out);
	buf_text_add(out, "Attempts\n");
	show_attempts(f, out);
	show_family(&f->family, out);
	show_down(f, out);
	show_first_contact(f, out);
	show_time(f, out);
}

void show_cell(const char *text, size_t columns, struct buf *out)
{
	size_t used = 0, length = strlen(text);

	for (size_t i = 0; i < length;) {
		uint32_t character;
		char one[8] = "";
		size_t bytes = utf8_decode(text + i, length - i, &character);
		if (bytes == 0)
			break;
		memcpy(one, text + i, bytes);
		size_t wide = utf8_columns(one);
		if (used + wide > columns)
			break;
		buf_add(out, one, bytes);
		used += wide;
		i += bytes;
	}
	for (; used < columns; used++)
		buf_char(out, ' ');
}
