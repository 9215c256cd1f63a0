#pragma once

/* What both lists of people write: cells of a CSV, lines of a terminal. */

#include "common/base/buf.h"

/* Appends a cell to the line, behind a comma where it is not the first. No formula for a spreadsheet. */
void cell_put(const char *text, struct buf *line);

/* One line, nothing that a terminal would obey, no blanks at its end. */
void line_print(struct buf *line);
