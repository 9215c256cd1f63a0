#pragma once

/* Whole numbers as text, where printf() would cost as much as the rest of the work. */

#include <stdint.h>

enum { NUMBER_TEXT = 21 }; /* room for any of them */

/* Decimal digits, a minus before them where it is negative. Returns a place within `text`. */
const char *number_text(int64_t number, char text[NUMBER_TEXT]);
