#pragma once

/* How figures look to people: plain text, narrow enough for a phone held upright. */

#include "common/base/buf.h"
#include "common/base/vocabulary.h"
#include "common/store/figures.h"

/* "45 s", "12 min", "3 h 20 min", "2 d 4 h" */
void show_duration(int64_t ms, struct buf *out);
/* The same in a language, for pages: "3 時間 20 分" */
void show_duration_in(enum language language, int64_t ms, struct buf *out);

/* "1 person", "1,234 people" */
void show_people(int64_t count, struct buf *out);

/* "1,234,567" */
void show_number(int64_t n, struct buf *out);

/* [####==......]: answered, otherwise accounted for, left. `width` without the brackets. */
void show_bar(const struct figures *f, int width, struct buf *out);

/* Percent of the people who are accounted for; 100 only when all are. */
int show_percent(const struct figures *f);

/* One line: "answered 4, exhausted 1, waiting 3, in flight 1 of 9" */
void show_summary(const struct figures *f, struct buf *out);

/* Lines: who was tried on their first contact, and when the others will be; none if not known. */
void show_first_contact(const struct figures *f, struct buf *out);

/* All of it, in lines. Choices are named in `language`. */
void show_figures(const struct figures *f, enum language language, struct buf *out);

/* Text padded with blanks to so many columns, or cut to them. */
void show_cell(const char *text, size_t columns, struct buf *out);
