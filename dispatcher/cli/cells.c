#include "dispatcher/cli/cells.h"

#include "common/text/csv.h"

#include <stdio.h>

void cell_put(const char *text, struct buf *line)
{
	if (line->length)
		buf_char(line, ',');
	csv_put_text(line, text);
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
