#include "common/roster/telephone.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { E164_MOST = 15, NATIONAL_LEAST = 4, FOREIGN_LEAST = 7 };

static const char no_prefix[] =
	"電話番号の先頭の 0 がありません (a national number begins with its trunk prefix: has a "
	"spreadsheet taken the 0 away?)";
static const char bad_length[] =
	"電話番号の桁数が正しくありません (no number of this country has so many digits)";
static const char bad_abroad[] =
	"国際電話番号の桁数が正しくありません (a number abroad is its country code and number, 7 to "
	"15 digits)";

static bool begins_with(const char *text, const char *prefix)
{
	return *prefix && strncmp(text, prefix, strlen(prefix)) == 0;
}

/*
 * Japan, without the 0 in front: nine digits, or ten where a zero stands second (020, 050, 060, 070,
 * 080, 090 and 0800). Those never have nine, so that a missing digit shows.
 */
static bool is_japanese(const char *national)
{
	size_t length = strlen(national);
	bool long_one = length > 1 && strchr("256789", national[0]) && national[1] == '0';

	return national[0] != '0' && length == (long_one ? 10 : 9);
}

static bool is_national(const struct telephone_rules *rules, const char *national)
{
	size_t length = strlen(national);

	if (strcmp(rules->country, "81") == 0)
		return is_japanese(national);
	return length >= NATIONAL_LEAST && strlen(rules->country) + length <= E164_MOST;
}

static void put(char *number, const char *country, const char *rest)
{
	snprintf(number, TELEPHONE_ROOM, "+%s%s", country, rest);
}

/* A country code and a number, our own country's included. */
static const char *from_abroad(const struct telephone_rules *rules, const char *digits,
			       char *number)
{
	size_t length = strlen(digits);

	if (begins_with(digits, rules->country) &&
	    !is_national(rules, digits + strlen(rules->country)))
		return bad_length;
	if (length < FOREIGN_LEAST || length > E164_MOST || digits[0] == '0')
		return bad_abroad;
	put(number, "", digits);
	return NULL;
}

const char *telephone_normalise(const struct telephone_rules *rules, const char *written,
				char *number)
{
	const char *national = written + strlen(rules->trunk);

	if (begins_with(written, rules->abroad))
		return from_abroad(rules, written + strlen(rules->abroad), number);
	if (*rules->trunk && !begins_with(written, rules->trunk)) {
		bool whole = begins_with(written, rules->country) &&
			     is_national(rules, written + strlen(rules->country));
		if (!whole)
			return no_prefix;
		national = written + strlen(rules->country);
	}
	if (!is_national(rules, national))
		return bad_length;
	put(number, rules->country, national);
	return NULL;
}
