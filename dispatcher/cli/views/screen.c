#include "dispatcher/cli/views/screen.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "dispatcher/cli/show.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { LEAST = 4, MOST = 1000, TEXT_MOST = 4096 };

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"

static const char *const codes[STYLES] = {
	[STYLE_HEAD] = "\033[1m",  [STYLE_FAINT] = "\033[2m",  [STYLE_GOOD] = "\033[32m",
	[STYLE_LATE] = "\033[33m", [STYLE_BAD] = "\033[1;31m",
};

/* signals: noted, and looked at while waiting, which is the only time they come in */

static volatile sig_atomic_t ended, stopped, resized;
static sigset_t waiting_mask;
static struct termios kept_terminal;

static void note(int number)
{
	if (number == SIGTSTP)
		stopped = 1;
	else if (number == SIGWINCH)
		resized = 1;
	else
		ended = 1;
}

static void catch_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH};
	struct sigaction action = {.sa_handler = note};
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < LENGTH(numbers); i++) {
		sigaddset(&held, numbers[i]);
		sigaction(numbers[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &held, &waiting_mask);
	for (size_t i = 0; i < LENGTH(numbers); i++)
		sigdelset(&waiting_mask, numbers[i]);
}

/* the terminal */

bool screen_possible(void)
{
	const char *kind = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && kind && *kind &&
	       strcmp(kind, "dumb") != 0;
}

static void enter(void)
{
	struct termios raw = kept_terminal;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs(ENTER, stdout);
}

static void leave(void)
{
	fputs(LEAVE, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &kept_terminal);
}

static void forget_lines(struct screen *s)
{
	for (int i = 0; i < s->rows; i++) {
		buf_free(&s->lines[i]);
		buf_free(&s->shown[i]);
	}
	free(s->lines);
	free(s->shown);
	free(s->widths);
}

static int within(int n, int otherwise)
{
	if (n == 0)
		n = otherwise; /* a terminal that does not know */
	return n < LEAST ? LEAST : n > MOST ? MOST : n;
}

static void make_lines(struct screen *s, int rows, int columns)
{
	s->rows = rows;
	s->columns = columns;
	s->lines = mem_array((size_t)s->rows, sizeof *s->lines);
	s->shown = mem_array((size_t)s->rows, sizeof *s->shown);
	s->widths = mem_array((size_t)s->rows, sizeof *s->widths);
}

/* Nothing that stands there is believed any more. */
static void measure(struct screen *s)
{
	struct winsize size = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		size = (struct winsize){0};
	forget_lines(s);
	make_lines(s, within(size.ws_row, 24), within(size.ws_col, 80));
	fputs("\033[0m\033[2J", stdout);
}

void screen_open_paper(struct screen *s, int rows, int columns)
{
	*s = (struct screen){0};
	make_lines(s, rows, columns);
}

void screen_print(struct screen *s)
{
	for (int i = 0; i < s->rows && s->lines[i].length; i++)
		puts(buf_text(&s->lines[i]));
	forget_lines(s);
	*s = (struct screen){0};
}

void screen_open(struct screen *s)
{
	const char *no_colour = getenv("NO_COLOR");

	*s = (struct screen){.colour = !no_colour || !*no_colour};
	tcgetattr(STDIN_FILENO, &kept_terminal);
	catch_signals();
	enter();
	measure(s);
}

void screen_close(struct screen *s)
{
	leave();
	forget_lines(s);
	*s = (struct screen){0};
}

/* a frame */

void screen_begin(struct screen *s)
{
	for (int i = 0; i < s->rows; i++)
		buf_clear(&s->lines[i]);
	memset(s->widths, 0, (size_t)s->rows * sizeof *s->widths);
	s->line = s->used = 0;
}

static void put_blanks(struct screen *s, int count)
{
	for (; count > 0 && s->used < s->columns; count--, s->used++)
		buf_char(&s->lines[s->line], ' ');
	s->widths[s->line] = s->used;
}

/* What a terminal would obey is not for it. */
static void blank_controls(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			*c = ' ';
		else if (c[0] == 0xc2 && c[1] && c[1] < 0xa0)
			c[0] = c[1] = ' ';
}

void screen_put(struct screen *s, enum style style, const char *format, ...)
{
	char text[TEXT_MOST];
	struct buf cut = {0};
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (s->line >= s->rows)
		return;
	blank_controls(text);
	size_t columns = utf8_columns(text), room = (size_t)(s->columns - s->used);
	show_cell(text, columns < room ? columns : room, &cut);
	const char *code = s->colour ? codes[style] : NULL;
	buf_format(&s->lines[s->line], "%s%s%s", code ? code : "", buf_text(&cut),
		   code ? "\033[0m" : "");
	s->used += (int)(columns < room ? columns : room);
	s->widths[s->line] = s->used;
	buf_free(&cut);
}

void screen_column(struct screen *s, int column)
{
	if (s->line < s->rows)
		put_blanks(s, column - s->used);
}

void screen_right(struct screen *s, enum style style, const char *text)
{
	screen_column(s, s->columns - (int)utf8_columns(text));
	screen_put(s, style, "%s", text);
}

void screen_next(struct screen *s)
{
	s->line++;
	s->used = 0;
}

int screen_left(const struct screen *s)
{
	return s->line < s->rows ? s->rows - s->line : 0;
}

void screen_last(struct screen *s)
{
	s->line = s->rows - 1;
	s->used = 0;
	buf_clear(&s->lines[s->line]);
}

void screen_show(struct screen *s)
{
	for (int i = 0; i < s->rows; i++) {
		if (strcmp(buf_text(&s->lines[i]), buf_text(&s->shown[i])) == 0)
			continue;
		/* Behind a full line the cursor still stands on its last character. */
		printf("\033[%d;1H%s%s", i + 1, buf_text(&s->lines[i]),
		       s->widths[i] < s->columns ? "\033[K" : "");
		buf_clear(&s->shown[i]);
		buf_text_add(&s->shown[i], buf_text(&s->lines[i]));
	}
	fflush(stdout);
}

/* waiting */

/* Until it is continued; another's size and contents are on the terminal then. */
static void stop(struct screen *s)
{
	stopped = 0;
	leave();
	raise(SIGSTOP);
	enter();
	measure(s);
}

enum screen_event screen_wait(struct screen *s, int ms)
{
	struct pollfd terminal = {.fd = STDIN_FILENO, .events = POLLIN};
	struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	char key = 0;
	int ready = ppoll(&terminal, 1, &wait, &waiting_mask);

	if (stopped || resized) {
		bool was_stopped = stopped;
		resized = 0;
		if (was_stopped)
			stop(s);
		else
			measure(s);
		return ended ? SCREEN_ENDED : SCREEN_RESIZED;
	}
	if (ended || (ready < 0 && errno != EINTR))
		return SCREEN_ENDED;
	if (ready > 0 && (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q'))
		return SCREEN_ENDED;
	return SCREEN_TIME;
}
