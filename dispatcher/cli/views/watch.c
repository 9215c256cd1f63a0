#include "dispatcher/cli/views/watch.h"

#include "common/base/clock.h"
#include "dispatcher/cli/views/screen.h"
#include "dispatcher/cli/show.h"
#include "dispatcher/cli/status.h"
#include "dispatcher/cli/views/view.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { REDRAW_MS = 1000, LOOK_MS = 200, LINE_MS = 2000, INTERRUPTED = 128 + SIGINT };

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static void catch_interrupts(void)
{
	struct sigaction action = {.sa_handler = on_interrupt}; /* poll() is to break off */

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* on a terminal */

static int draw(struct cli *cli, const struct figures *f, struct screen *screen)
{
	struct view view = {0};
	enum store_status status = view_load(cli, f, screen->rows, &view);

	if (status)
		return cli_store_failed(cli, status);
	view_draw(cli, &view, screen);
	view_free(&view);
	return EX_OK;
}

static int watch_screen(struct cli *cli, int64_t id)
{
	struct screen screen;
	struct figures *f = NULL;
	enum screen_event event = SCREEN_TIME;
	int code = status_load(cli, id, &f);

	if (code)
		return code;
	screen_open(&screen);
	while (!(code = draw(cli, f, &screen)) && !figures_over(f) &&
	       (event = screen_wait(&screen, REDRAW_MS)) != SCREEN_ENDED) {
		if (event == SCREEN_RESIZED)
			continue;
		figures_free(f);
		if ((code = status_load(cli, id, &f)))
			break;
	}
	screen_close(&screen);
	if (code) /* what was said went with the screen */
		code = cli_fail(cli, code, "the view ended: %s", store_error(cli_store(cli)));
	else
		status_print(cli, f);
	figures_free(f);
	return code;
}

/* without a terminal */

static bool same(const struct figures *a, const struct figures *b)
{
	return a && a->state == b->state && a->targeted == b->targeted &&
	       memcmp(a->people, b->people, sizeof a->people) == 0 &&
	       memcmp(a->attempts, b->attempts, sizeof a->attempts) == 0;
}

static void print_line(struct cli *cli, const struct figures *f)
{
	char now[CLOCK_TEXT];
	struct buf line = {0};

	if (cli->json) {
		cli_answer(figures_json(f));
	} else {
		show_summary(f, &line);
		printf("%s %s\n", clock_local_text(clock_utc(), now), buf_text(&line));
	}
	fflush(stdout);
	buf_free(&line);
}

static int watch_lines(struct cli *cli, int64_t id)
{
	struct figures *shown = NULL, *f = NULL;
	bool over = false;
	int code = EX_OK;

	catch_interrupts();
	while (!over && !interrupted && (code = status_load(cli, id, &f)) == EX_OK) {
		over = figures_over(f);
		if (!same(shown, f))
			print_line(cli, f);
		figures_free(shown);
		shown = f;
		if (!over)
			poll(NULL, 0, REDRAW_MS);
	}
	figures_free(shown);
	return code;
}

int watch_broadcast(struct cli *cli, int64_t id)
{
	if (!id) { /* the newest, and no other that comes later */
		struct figures *f = NULL;
		int code = status_load(cli, 0, &f);
		if (code)
			return code;
		id = f->broadcast;
		figures_free(f);
	}
	if (!cli->json && screen_possible())
		return watch_screen(cli, id);
	return watch_lines(cli, id);
}

/* progress on standard error */

struct progress {
	bool terminal;
	struct figures *shown;
	int64_t shown_at; /* monotonic */
};

static void show_progress(struct progress *p, struct figures *f)
{
	struct buf line = {0};
	int64_t now = clock_monotonic();
	bool due = !p->shown || p->terminal || now - p->shown_at >= LINE_MS || figures_over(f);

	if (!due || same(p->shown, f)) {
		figures_free(f);
		return;
	}
	show_bar(f, 20, &line);
	buf_format(&line, " %d%% ", show_percent(f));
	show_summary(f, &line);
	fprintf(stderr, p->terminal ? "\r%s\033[K" : "%s\n", buf_text(&line));
	figures_free(p->shown);
	p->shown = f;
	p->shown_at = now;
	buf_free(&line);
}

int watch_to_end(struct cli *cli, int64_t id)
{
	struct progress p = {.terminal = isatty(STDERR_FILENO)};
	struct figures *f;
	bool over = false;
	int code = EX_OK;

	catch_interrupts();
	while (!over && !interrupted && (code = status_load(cli, id, &f)) == EX_OK) {
		over = figures_over(f);
		show_progress(&p, f);
		if (!over)
			poll(NULL, 0, LOOK_MS);
	}
	if (p.terminal)
		fputc('\n', stderr);
	figures_free(p.shown);
	if (code)
		return code;
	if (!over)
		return cli_fail(cli, INTERRUPTED,
				"broken off; the broadcast goes on: tenko status %lld",
				(long long)id);
	if ((code = status_load(cli, id, &f)) == EX_OK)
		status_print(cli, f);
	figures_free(code ? NULL : f);
	return code;
}
