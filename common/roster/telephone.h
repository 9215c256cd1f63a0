#pragma once

/*
 * Telephone numbers as they are dialled: E.164 (ITU-T), "+" and up to fifteen digits. The roster
 * keeps what was written in its file, so that it goes back out as it came in; the dialled form
 * stands beside it, so that people who share a telephone are found by it.
 *
 * What is written is the way it is dialled inside the country: with the trunk prefix for a national
 * number ("09012345678"), with the prefix for calls abroad for a foreign one ("01012025550123").
 * A number that begins with neither is only taken where it can be nothing but the country's own code
 * and number. For Japan (81) the lengths of its numbering plan are checked as well, so that a lost
 * zero or a missing digit is found on the day of the import and not on that of the earthquake.
 */

#include "common/base/must.h"

enum { TELEPHONE_ROOM = 17 }; /* "+", fifteen digits, NUL */

struct telephone_rules {
	const char *country; /* "81" */
	const char *trunk;   /* "0"; empty: national numbers have no prefix */
	const char *abroad;  /* "010"; empty: foreign numbers cannot be written */
};

/*
 * `number` holds TELEPHONE_ROOM bytes; `written` has digits only. NULL, or why it cannot be
 * dialled, in Japanese and English; never quotes the number.
 */
MUST_USE const char *telephone_normalise(const struct telephone_rules *rules, const char *written,
					 char *number);
