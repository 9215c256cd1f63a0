#include "common/roster/rules.h"

#include "common/auth/pin.h"
#include "common/base/utf8.h"
#include "common/base/vocabulary.h"
#include "common/roster/regions.h"
#include "common/store/roster.h"

#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

enum { LOCAL_MOST = 64, MAIL_MOST = 254, LABEL_MOST = 63, TELEPHONE_MOST = 15 };
enum { DAY_MINUTES = 24 * 60, LAST_MINUTE = 30 * 60 - 1 /* 29:59, the next morning */ };

bool has_controls(const char *cell)
{
	/* U+0080 to U+009F are C2 80 to C2 9F. */
	for (const char *c = cell; (c = strchr(c, '\xc2')); c++)
		if ((unsigned char)c[1] < 0xa0)
			return true;
	return utf8_has_controls(cell, false);
}

/* ids */

/* A set of ASCII characters; strspn() would build its table anew for each of a million cells. */
struct set {
	bool filled;
	bool holds[256];
};

static void fill(struct set *set, const char *characters)
{
	if (set->filled)
		return;
	for (; *characters; characters++)
		set->holds[(unsigned char)*characters] = true;
	set->filled = true;
}

/* To the first character that is not of the set. */
static const char *skip(const struct set *set, const char *text)
{
	while (set->holds[(unsigned char)*text])
		text++;
	return text;
}

/* Whether all is of the set; the wide grave accent, which the reference lists, counts too. */
static bool all_of(const char *text, struct set *set, const char *characters)
{
	static const char wide_grave[] = "｀";

	fill(set, characters);
	for (;;) {
		text = skip(set, text);
		if (!*text)
			return true;
		if (strncmp(text, wide_grave, sizeof wide_grave - 1) != 0)
			return false;
		text += sizeof wide_grave - 1;
	}
}

const char *rule_group_id(const char *cell)
{
	static struct set set;

	if (all_of(cell, &set, LETTERS DIGITS "!#$%'()*+-.:;=?@[]_`{}~|"))
		return NULL;
	return "使えない文字があります (only letters, digits and !#$%'()*+-.:;=?@[]_`{}~|)";
}

const char *rule_user_id(const char *cell)
{
	static struct set set;

	if (all_of(cell, &set, LETTERS DIGITS "!#$%'()+-.=@[]_`{}~"))
		return NULL;
	return "使えない文字があります (only letters, digits and !#$%'()+-.=@[]_`{}~)";
}

const char *rule_user_ids(const char *cell)
{
	static struct set set;

	if (!all_of(cell, &set, LETTERS DIGITS "!#$%'()+-.=@[]_`{}~; "))
		return "ユーザ ID をセミコロンで区切って並べてください (user IDs, by semicolon)";
	if (strspn(cell, "; ") == strlen(cell))
		return "ユーザ ID がありません (no user ID in it)";
	return NULL;
}

/* numbers */

static bool is_one_of(const char *cell, const char *set)
{
	return cell[0] && !cell[1] && strchr(set, cell[0]);
}

const char *rule_switch(const char *cell)
{
	return is_one_of(cell, "01") ? NULL : "0 か 1 です (must be 0 or 1)";
}

const char *rule_division(const char *cell)
{
	return is_one_of(cell, "012") ? NULL : "0、1、2 のどれかです (must be 0, 1 or 2)";
}

const char *rule_dial_order(const char *cell)
{
	return is_one_of(cell, "1234") ? NULL : "1～4 か空欄です (must be 1 to 4, or empty)";
}

/* -1: not a plain number up to `most`. Zeros in front would not come back from an export. */
static int number(const char *cell, int most)
{
	size_t length = strlen(cell);

	if (length > 5 || strspn(cell, DIGITS) != length || (cell[0] == '0' && length > 1))
		return -1;
	int n = atoi(cell);
	return n <= most ? n : -1;
}

const char *rule_minutes(const char *cell)
{
	if (number(cell, DAY_MINUTES) >= 0)
		return NULL;
	return "0～1440 の整数です (minutes: a whole number from 0 to 1440, no zero in front)";
}

const char *rule_some_minutes(const char *cell)
{
	if (number(cell, DAY_MINUTES) > 0)
		return NULL;
	return "1～1440 の整数です。0 は設定できません "
	       "(minutes: a whole number from 1 to 1440, not 0, no zero in front)";
}

/* times */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HH:mm" at *at, which moves behind it; minutes since midnight, -1 if it is none. */
static int clock_time(const char **at, bool one_digit_hour)
{
	const char *p = *at;
	int hour = 0, digits = 0;

	while (digits < 2 && is_digit(p[digits]))
		hour = hour * 10 + (p[digits++] - '0');
	if (digits == 0 || (digits == 1 && !one_digit_hour))
		return -1;
	p += digits;
	if (p[0] != ':' || !is_digit(p[1]) || !is_digit(p[2]))
		return -1;
	int minute = (p[1] - '0') * 10 + (p[2] - '0');
	int time = hour * 60 + minute;
	*at = p + 3;
	return minute < 60 && time <= LAST_MINUTE ? time : -1;
}

const char *rule_time(const char *cell)
{
	if (clock_time(&cell, true) >= 0 && !*cell)
		return NULL;
	return "時刻は H:mm です (a time such as 5:00, up to 29:59)";
}

const char *rule_breaks(const char *cell)
{
	int last = 0;

	while (*cell) {
		int from = clock_time(&cell, false);
		int to = *cell == '-' ? (cell++, clock_time(&cell, false)) : -1;
		if (from < 0 || to < 0 || (*cell && *cell != ';'))
			return "書式は HH:mm-HH:mm です。複数はセミコロンで区切ります "
			       "(HH:mm-HH:mm, several by semicolon)";
		if (from < last || to <= from)
			return "休憩時間帯は昇順で指定してください (breaks must be ascending)";
		last = to;
		cell += *cell == ';';
	}
	return NULL;
}

/* contacts */

static bool is_domain(const char *domain)
{
	static struct set set;

	fill(&set, LETTERS DIGITS "-");
	for (;;) {
		size_t length = (size_t)(skip(&set, domain) - domain);
		if (length == 0 || length > LABEL_MOST)
			return false;
		if (domain[0] == '-' || domain[length - 1] == '-')
			return false;
		if (!domain[length])
			return true;
		if (domain[length] != '.')
			return false;
		domain += length + 1;
	}
}

/* RFC 5321 without quoted local parts, but with dots anywhere: Japanese carriers gave such. */
const char *rule_mail(const char *cell)
{
	static struct set set;
	const char *at = strchr(cell, '@');

	fill(&set, LETTERS DIGITS "!#$%&'*+-/=?^_`{|}~.");
	if (!at || at == cell || strchr(at + 1, '@'))
		return "メールアドレスではありません (not a mail address: one @ with text on both "
		       "sides)";
	if (at - cell > LOCAL_MOST || strlen(cell) > MAIL_MOST)
		return "メールアドレスが長すぎます (a mail address has at most 64 characters before "
		       "the @ and 254 in all)";
	if (skip(&set, cell) != at || !is_domain(at + 1))
		return "メールアドレスに使えない文字があります (characters that a mail address "
		       "cannot have)";
	return NULL;
}

const char *rule_telephone(const char *cell)
{
	size_t length = strlen(cell);

	if (length <= TELEPHONE_MOST && strspn(cell, DIGITS) == length)
		return NULL;
	return "電話番号は半角数字 15 桁までです (a telephone number has digits only, 15 at most)";
}

const char *rule_voice_id(const char *cell)
{
	size_t length = strlen(cell);

	if (length <= CARD_VOICE_ID && strspn(cell, DIGITS) == length)
		return NULL;
	return "音声IDは半角数字 10 桁までです (a voice ID has digits only, 10 at most)";
}

const char *rule_voice_pin(const char *cell)
{
	size_t length = strlen(cell);

	if (length >= PIN_LEAST && length <= PIN_MOST && strspn(cell, DIGITS) == length)
		return NULL;
	return "音声PINは半角数字 4～8 桁です (a voice PIN has digits only, 4 to 8)";
}

const char *rule_region(const char *cell)
{
	if (region_exists(cell))
		return NULL;
	return "地域コードがありません (no such region: 3 digits as in regions.tsv, or a "
	       "prefecture's 2 digits)";
}

const char *rule_language(const char *cell)
{
	enum language language;

	return language_by_name(cell, &language) ? NULL : "ja か en です (must be ja or en)";
}

/* family */

const char *rule_family_code(const char *cell)
{
	if (strspn(cell, LETTERS DIGITS) == strlen(cell))
		return NULL;
	return "半角英数字だけです (only letters and digits)";
}

/* Whether each character passes. */
static bool each_character(const char *cell, bool (*passes)(uint32_t character))
{
	size_t left = strlen(cell), size;
	uint32_t character;

	for (; (size = utf8_decode(cell, left, &character)); cell += size, left -= size)
		if (!passes(character))
			return false;
	return left == 0;
}

static bool is_no_half_kana(uint32_t c)
{
	return c < 0xff61 || c > 0xff9f;
}

/* Katakana with their marks (U+30A1 to U+30FE) and the full-width blank. */
static bool is_kana(uint32_t c)
{
	return (c >= 0x30a1 && c <= 0x30fe) || c == 0x3000;
}

const char *rule_no_half_kana(const char *cell)
{
	if (each_character(cell, is_no_half_kana))
		return NULL;
	return "半角カナは使えません (no half-width kana)";
}

const char *rule_kana(const char *cell)
{
	if (each_character(cell, is_kana))
		return NULL;
	return "全角カナだけです (only full-width katakana)";
}
