#include "dispatcher/cli/cells.h"

#include "common/text/csv.h"

#include <stdio.h>
#include <string.h>

/* A spreadsheet takes what begins like this for a formula. */
void cell_put(const char *text, struct buf *line)
{
	struct buf cell = {0};

	if (*text && strchr("=+-@\t\r", *text))
		buf_char(&cell, '\'');
	buf_text_add(&cell, text);
	if (line->length)
		buf_char(line, ',');
	csv_put(line, buf_text(&cell));
	buf_free(&cell);
}

/* Controls of C0 and C1. */
static void blank_controls(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++) {
		if (*c < ' ' || *c == 0x7f)
			*c = ' ';
		else if (c[0] == 0xc2 && c[1] < 0xa0)
			c[0] = c[1] = ' '; /* U+0080 to U+009F */
	}
}

void line_print(struct buf *line)
{
	while (line->length && line->data[line->length - 1] == ' ')
		line->data[--line->length] = '\0';
	if (line->length)
		blank_controls(line->data);
	puts(buf_text(line));
}
