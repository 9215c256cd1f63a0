#include "common/base/number.h"

const char *number_text(int64_t number, char text[NUMBER_TEXT])
{
	char *p = text + NUMBER_TEXT - 1;
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	*p = '\0';
	do {
		*--p = (char)('0' + left % 10);
	} while (left /= 10);
	if (number < 0)
		*--p = '-';
	return p;
}
