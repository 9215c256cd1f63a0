#include "common/auth/accounts.h"

#include "common/base/mem.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS   "0123456789"
#define EXPECTED "expected SID:TOKEN:CALLER:SHARE, several by semicolon"

enum { PARTS = 4, CALLER_MOST = 15 /* digits */ };

static const char *skip_blanks(const char *text, size_t *length)
{
	while (*length > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		--*length;
	}
	while (*length > 0 && (text[*length - 1] == ' ' || text[*length - 1] == '\t'))
		--*length;
	return text;
}

/* It goes into a path of the provider's API. */
static bool is_sid(const char *sid)
{
	static const char good[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	return *sid && strspn(sid, good) == strlen(sid);
}

static bool is_caller(const char *caller)
{
	size_t digits = *caller == '+' ? strspn(caller + 1, DIGITS) : 0;

	return digits > 0 && digits <= CALLER_MOST && !caller[digits + 1];
}

/* 0: it is none. */
static int share_of(const char *text)
{
	size_t length = strlen(text);
	int share = length <= 4 && strspn(text, DIGITS) == length ? atoi(text) : 0;

	return share <= ACCOUNT_SHARE_MOST ? share : 0;
}

/* What is wrong, or NULL. */
static const char *check(const struct account *a)
{
	if (!is_sid(a->sid))
		return "an account's SID has letters and digits only; " EXPECTED;
	if (!*a->token)
		return "an account has no token; " EXPECTED;
	if (!is_caller(a->caller))
		return "an account's caller is a number such as +815012345678; " EXPECTED;
	if (!a->share)
		return "an account's share is a number from 1 to 1000; " EXPECTED;
	return NULL;
}

/* Takes "a:b:c:d" apart; the account is filled in any case. */
static const char *read_account(const char *text, size_t length, struct account *a)
{
	char *parts[PARTS] = {NULL};
	size_t count = 0;
	bool more = true;

	for (; more && count < PARTS; count++) {
		const char *colon = memchr(text, ':', length);
		size_t size = colon ? (size_t)(colon - text) : length;
		parts[count] = mem_copy(text, size);
		more = colon != NULL;
		text += size + more;
		length -= size + more;
	}
	a->sid = parts[0];
	a->token = parts[1] ? parts[1] : mem_string("");
	a->caller = parts[2] ? parts[2] : mem_string("");
	a->share = parts[3] ? share_of(parts[3]) : 1;
	free(parts[3]);
	return more ? EXPECTED : check(a);
}

bool accounts_read(const char *text, struct accounts *accounts, struct buf *fault)
{
	const char *why = NULL;

	*accounts = (struct accounts){0};
	while (*text && !why) {
		size_t whole = strcspn(text, ";"), length = whole;
		const char *one = skip_blanks(text, &length);
		text += whole + (text[whole] == ';');
		if (length == 0)
			continue;
		if (accounts->count == ACCOUNTS_MOST)
			why = "more than 16 accounts";
		else
			why = read_account(one, length, &accounts->list[accounts->count++]);
	}
	if (why) {
		buf_format(fault, "voice.accounts: %s", why);
		accounts_free(accounts);
	}
	return !why;
}

void accounts_free(struct accounts *accounts)
{
	for (size_t i = 0; i < accounts->count; i++) {
		struct account *a = &accounts->list[i];
		OPENSSL_cleanse(a->token, strlen(a->token));
		free(a->sid);
		free(a->token);
		free(a->caller);
	}
	*accounts = (struct accounts){0};
}
