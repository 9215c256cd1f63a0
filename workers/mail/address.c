#include "workers/mail/address.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

/* RFC 5321, section 4.5.3.1; 256 of a path are 254 without its angle brackets. */
enum { LOCAL_MOST = 64, DOMAIN_MOST = 255, ADDRESS_MOST = 254, LABEL_MOST = 63 };

static bool is_letter_or_digit(char c)
{
	return (c & 0x80) == 0 && isalnum((unsigned char)c);
}

static bool is_atom_character(char c)
{
	return is_letter_or_digit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* Dots at the start, at the end or in a row: needs quotes. */
static bool dots_are_odd(const char *local, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (local[i] == '.' && (i == 0 || i + 1 == length || local[i + 1] == '.'))
			return true;
	return false;
}

static bool local_is_sound(const char *local, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (local[i] != '.' && !is_atom_character(local[i]))
			return false;
	return length > 0;
}

/* Letters, digits, hyphens within a label, and underscores, which inside networks use. */
static bool domain_is_sound(const char *domain)
{
	size_t label = 0;

	for (const char *p = domain;; p++) {
		if (*p == '.' || *p == '\0') {
			if (label == 0 || label > LABEL_MOST || p[-1] == '-')
				return false;
			if (*p == '\0')
				return true;
			label = 0;
			continue;
		}
		if (!is_letter_or_digit(*p) && *p != '_' && (*p != '-' || label == 0))
			return false;
		label++;
	}
}

bool address_path(const char *address, struct buf *path, const char **reason)
{
	const char *at = strrchr(address, '@'), *local = address;
	size_t length = at ? (size_t)(at - address) : 0;

	*reason = "not a mail address: no user@domain";
	if (!at)
		return false;
	if (length >= 2 && local[0] == '"' && local[length - 1] == '"') {
		local++;
		length -= 2;
	}
	*reason = "not a mail address that SMTP can carry: the part before the @";
	if (!local_is_sound(local, length))
		return false;
	*reason = "not a mail address that SMTP can carry: the part after the @";
	if (!domain_is_sound(at + 1))
		return false;
	*reason = "longer than a mail address may be";
	if (length > LOCAL_MOST || strlen(at + 1) > DOMAIN_MOST || strlen(address) > ADDRESS_MOST)
		return false;
	*reason = NULL;
	const char *quote = dots_are_odd(local, length) ? "\"" : "";
	buf_text_add(path, quote);
	buf_add(path, local, length);
	buf_text_add(path, quote);
	buf_text_add(path, at);
	return true;
}

void address_numbered(const char *address, int64_t number, struct buf *path)
{
	const char *at = strrchr(address, '@');

	assert(at && *address != '"');
	buf_add(path, address, (size_t)(at - address));
	buf_char(path, '+');
	buf_number(path, number);
	buf_text_add(path, at);
}
