#pragma once

/*
 * A view that fills the terminal: lines of cells, of which only those that have changed are written,
 * so that nothing flickers. What stood on the terminal comes back when the view is left, stopped
 * (ctrl-Z) or ended by a signal. Plain ANSI sequences; no colours where NO_COLOR is set.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>

/* What colour adds; the words say the same without it. */
enum style { STYLE_PLAIN, STYLE_HEAD, STYLE_FAINT, STYLE_GOOD, STYLE_LATE, STYLE_BAD, STYLES };

struct screen {
	int rows, columns;
	struct buf *lines; /* as they are to be */
	struct buf *shown; /* as they stand there */
	int *widths;       /* columns of each */
	int line;          /* the one that is being written */
	int used;          /* columns of it */
	bool colour;
};

/* Whether there is a terminal for a view, on standard input and output, that is not a dumb one. */
MUST_USE bool screen_possible(void);

void screen_open(struct screen *s);
void screen_close(struct screen *s); /* what stood there before stands there again */

/* The same without a terminal: lines without colours, printed and closed by screen_print(). */
void screen_open_paper(struct screen *s, int rows, int columns);
void screen_print(struct screen *s);

/* A frame: begun, filled line by line, and shown. What does not fit is left out. */
void screen_begin(struct screen *s);
void screen_put(struct screen *s, enum style style, const char *format, ...) PRINTF(3, 4);
void screen_column(struct screen *s, int column); /* blanks up to there */
void screen_right(struct screen *s, enum style style,
		  const char *text);              /* to the end of the line */
void screen_next(struct screen *s);               /* the next line */
MUST_USE int screen_left(const struct screen *s); /* lines below the present one and it */
void screen_last(struct screen *s);               /* to the last line */
void screen_show(struct screen *s);

enum screen_event { SCREEN_TIME, SCREEN_RESIZED, SCREEN_ENDED };

/* Waits for at most `ms`. Ended: by q, ctrl-C, the end of the terminal or a signal. */
MUST_USE enum screen_event screen_wait(struct screen *s, int ms);
