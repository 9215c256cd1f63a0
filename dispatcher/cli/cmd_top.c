#include "dispatcher/cli/command.h"

#include "dispatcher/cli/views/top.h"

#include <poll.h>
#include <stdlib.h>
#include <sysexits.h>

enum { REDRAW_MS = 2000, MEASURE_MS = 200, PAPER_ROWS = 400, PAPER_COLUMNS = 100 };

/* Two looks, as what a process uses shows between two. */
static int look_once(struct cli *cli, struct top **top)
{
	struct top *first = NULL;
	int code = top_load(cli, NULL, &first);

	if (code)
		return code;
	poll(NULL, 0, MEASURE_MS);
	code = top_load(cli, first, top);
	top_free(first);
	return code;
}

static int answer(struct cli *cli)
{
	struct screen paper;
	struct top *top = NULL;
	int code = look_once(cli, &top);

	if (code)
		return code;
	if (cli->json) {
		cli_answer(top_json(top));
	} else {
		screen_open_paper(&paper, PAPER_ROWS, PAPER_COLUMNS);
		top_draw(top, &paper);
		screen_print(&paper);
	}
	top_free(top);
	return EX_OK;
}

static int watch(struct cli *cli)
{
	struct screen screen;
	struct top *shown = NULL, *top = NULL;
	enum screen_event event = SCREEN_TIME;
	int code = look_once(cli, &top);

	if (code)
		return code;
	screen_open(&screen);
	while (!code && event != SCREEN_ENDED) {
		top_draw(top, &screen);
		screen_last(&screen);
		screen_put(&screen, STYLE_FAINT, "q ends this view, everything goes on");
		screen_show(&screen);
		event = screen_wait(&screen, REDRAW_MS);
		if (event != SCREEN_TIME)
			continue;
		top_free(shown);
		shown = top;
		top = NULL;
		code = top_load(cli, shown, &top);
	}
	screen_close(&screen);
	if (code) /* what was said went with the screen */
		code = cli_fail(cli, code, "the view ended: %s", store_error(cli_store(cli)));
	top_free(shown);
	top_free(top);
	return code;
}

int cmd_top(struct cli *cli, int argc, char **argv)
{
	static const struct option known[] = {{"once", no_argument, NULL, 'o'}, {NULL, 0, NULL, 0}};
	bool once = false;
	int c;

	while ((c = cli_option(cli, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		once = true;
	}
	if (optind < argc)
		return cli_misused(cli, "takes no words");
	return once || cli->json || !screen_possible() ? answer(cli) : watch(cli);
}
