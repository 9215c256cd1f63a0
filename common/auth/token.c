#include "common/auth/token.h"

#include "common/base/keyfile.h"
#include "common/base/mem.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEY_BYTES = 32,
	KEY_IDS = 256, /* 1 to 255 are used */
	ID_BYTES = 9,  /* key id, broadcast, person */
	TAG_BYTES = 12,
	TOKEN_BYTES = ID_BYTES + TAG_BYTES,
};
_Static_assert(TOKEN_BYTES * 8 == TOKEN_LENGTH * 6, "no bits are left over");

struct token_keys {
	uint8_t newest; /* the key that tokens are made with */
	EVP_MAC *hmac;
	EVP_MAC_CTX *mac[KEY_IDS]; /* each with its key set up; NULL: there is no such key */
	EVP_MAC_CTX *nobodys;	   /* stands in for a key that there is not */
};

/* the file */

bool token_keys_create(const char *file, struct buf *fault)
{
	uint8_t key[KEY_BYTES];
	char text[2 + 2 * KEY_BYTES + 2] = "1 ";
	size_t length = 2;

	if (RAND_priv_bytes(key, sizeof key) != 1) {
		buf_format(fault, "%s: no random numbers for a key can be had", file);
		return false;
	}
	for (size_t i = 0; i < sizeof key; i++)
		length += (size_t)snprintf(text + length, sizeof text - length, "%02x", key[i]);
	text[length++] = '\n';

	bool done = keyfile_create(file, text, length, fault);
	OPENSSL_cleanse(key, sizeof key);
	OPENSSL_cleanse(text, sizeof text);
	return done;
}

/* A third of the time that setting the key up for every token takes. */
static EVP_MAC_CTX *set_up(const struct token_keys *keys, const uint8_t *key)
{
	static char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *mac = keys->hmac ? EVP_MAC_CTX_new(keys->hmac) : NULL;

	if (!mac || EVP_MAC_init(mac, key, KEY_BYTES, params) != 1)
		abort(); /* out of memory, or a libcrypto without SHA-256 */
	return mac;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* One line, "id hex"; what is wrong with it, or NULL. */
static const char *read_line(struct token_keys *keys, const char *line, size_t length)
{
	uint8_t key[KEY_BYTES];
	size_t at = 0;
	unsigned id = 0;

	while (at < length && at < 3 && line[at] >= '0' && line[at] <= '9')
		id = id * 10 + (unsigned)(line[at++] - '0');
	if (id < 1 || id >= KEY_IDS || line[0] == '0')
		return "expected a key id from 1 to 255";
	if (length != at + 1 + (size_t)(2 * KEY_BYTES) || line[at] != ' ')
		return "expected the key id, a blank and 64 hexadecimal digits";
	if (keys->mac[id])
		return "this key id is there already";
	for (size_t i = 0; i < KEY_BYTES; i++) {
		int high = hex_digit(line[at + 1 + 2 * i]),
		    low = hex_digit(line[at + 2 + 2 * i]);
		if (high < 0 || low < 0)
			return "expected the key id, a blank and 64 hexadecimal digits (0-9 a-f)";
		key[i] = (uint8_t)(high << 4 | low);
	}
	keys->mac[id] = set_up(keys, key);
	OPENSSL_cleanse(key, sizeof key);
	if (!keys->newest)
		keys->newest = (uint8_t)id;
	return NULL;
}

static bool read_lines(struct token_keys *keys, const char *file, const char *text,
		       size_t length, struct buf *fault)
{
	int line = 0;

	while (length) {
		const char *end = memchr(text, '\n', length);
		size_t size = end ? (size_t)(end - text) : length;
		const char *why = read_line(keys, text, size);
		line++;
		if (why) {
			buf_format(fault, "%s:%d: %s; put the file back from a copy", file,
				   line, why);
			return false;
		}
		size += end ? 1 : 0;
		text += size;
		length -= size;
	}
	if (!keys->newest)
		buf_format(fault, "%s: holds no key; put the file back from a copy", file);
	return keys->newest;
}

struct token_keys *token_keys_load(const char *file, struct buf *fault)
{
	struct token_keys *keys = NULL;
	struct buf text = {0};

	if (!keyfile_read(file, "`tenko init` makes it", &text, fault))
		return NULL;
	static const uint8_t no_key[KEY_BYTES];
	keys = mem_alloc(sizeof *keys);
	keys->hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	keys->nobodys = set_up(keys, no_key);
	if (!read_lines(keys, file, text.data, text.length, fault)) {
		token_keys_free(keys);
		keys = NULL;
	}
	keyfile_forget(&text);
	return keys;
}

void token_keys_free(struct token_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < KEY_IDS; i++)
		EVP_MAC_CTX_free(keys->mac[i]);
	EVP_MAC_CTX_free(keys->nobodys);
	EVP_MAC_free(keys->hmac);
	free(keys);
}

/* tokens */

static void put_number(uint8_t *bytes, int64_t number)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(number >> (24 - 8 * i));
}

static int64_t get_number(const uint8_t *bytes)
{
	int64_t number = 0;

	for (int i = 0; i < 4; i++)
		number = number << 8 | bytes[i];
	return number;
}

/* What a token is for: part of what is signed, so that one kind never passes for another. */
static const char for_reply[] = "tenko reply", for_call[] = "tenko call";

static void make_tag(const struct token_keys *keys, const char *purpose, const uint8_t *ids,
		     uint8_t *tag)
{
	EVP_MAC_CTX *mac = keys->mac[ids[0]] ? keys->mac[ids[0]] : keys->nobodys;
	uint8_t whole[EVP_MAX_MD_SIZE];
	size_t length = 0;

	/* Without a key it begins again with the one it has. */
	if (EVP_MAC_init(mac, NULL, 0, NULL) != 1 ||
	    EVP_MAC_update(mac, (const uint8_t *)purpose, strlen(purpose)) != 1 ||
	    EVP_MAC_update(mac, ids, ID_BYTES) != 1 ||
	    EVP_MAC_final(mac, whole, &length, sizeof whole) != 1 || length < TAG_BYTES)
		abort();
	memcpy(tag, whole, TAG_BYTES);
}

/* `first` and `second` are 4 bytes each. */
static void make(const struct token_keys *keys, const char *purpose, int64_t first, int64_t second,
		 char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t bytes[TOKEN_BYTES];

	bytes[0] = keys->newest;
	put_number(bytes + 1, first);
	put_number(bytes + 5, second);
	make_tag(keys, purpose, bytes, bytes + ID_BYTES);
	for (size_t i = 0; i < TOKEN_BYTES; i += 3) {
		uint32_t group =
			(uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
		for (int shift = 18; shift >= 0; shift -= 6)
			*text++ = digits[group >> shift & 63];
	}
	*text = '\0';
}

void token_make(const struct token_keys *keys, int64_t broadcast, int64_t person, char *text)
{
	assert(broadcast >= 1 && broadcast <= UINT32_MAX && person >= 1 &&
	       person <= UINT32_MAX);
	make(keys, for_reply, broadcast, person, text);
}

void token_make_call(const struct token_keys *keys, int64_t attempt, char *text)
{
	assert(attempt >= 1);
	make(keys, for_call, attempt >> 32, attempt & UINT32_MAX, text);
}

/* 0xff where first <= c <= last, else 0; without a branch. */
static unsigned within(unsigned c, unsigned first, unsigned last)
{
	return ((first - 1 - c) & (c - last - 1)) >> 8 & 0xff;
}

/* The six bits of a base64url character; 0x100 is set where it is none. Without a branch. */
static unsigned six_bits(char character)
{
	unsigned c = (unsigned char)character;
	unsigned upper = within(c, 'A', 'Z'), lower = within(c, 'a', 'z');
	unsigned digit = within(c, '0', '9'), minus = within(c, '-', '-');
	unsigned under = within(c, '_', '_');
	unsigned known = upper | lower | digit | minus | under;

	return ((c - 'A') & upper) | ((c - 'a' + 26) & lower) | ((c - '0' + 52) & digit) |
	       (62 & minus) | (63 & under) | (known ^ 0xff) << 8;
}

static bool check(const struct token_keys *keys, const char *purpose, const char *text,
		  int64_t *first, int64_t *second)
{
	uint8_t bytes[TOKEN_BYTES], tag[TAG_BYTES];
	unsigned strange = 0;

	if (strlen(text) != TOKEN_LENGTH)
		return false;
	for (size_t i = 0; i < TOKEN_BYTES; i += 3, text += 4) {
		unsigned group = 0;
		for (int j = 0; j < 4; j++) {
			unsigned bits = six_bits(text[j]);
			strange |= bits >> 8;
			group = group << 6 | (bits & 63);
		}
		bytes[i] = (uint8_t)(group >> 16);
		bytes[i + 1] = (uint8_t)(group >> 8);
		bytes[i + 2] = (uint8_t)group;
	}
	/* An unknown key id costs the same: another key stands in for it. */
	make_tag(keys, purpose, bytes, tag);
	bool same = CRYPTO_memcmp(tag, bytes + ID_BYTES, TAG_BYTES) == 0;
	*first = get_number(bytes + 1);
	*second = get_number(bytes + 5);
	return same & (keys->mac[bytes[0]] != NULL) & (strange == 0);
}

bool token_check(const struct token_keys *keys, const char *text, int64_t *broadcast,
		 int64_t *person)
{
	return check(keys, for_reply, text, broadcast, person);
}

bool token_check_call(const struct token_keys *keys, const char *text, int64_t *attempt)
{
	int64_t first = 0, second = 0;
	bool good = check(keys, for_call, text, &first, &second);

	*attempt = (int64_t)((uint64_t)first << 32 | (uint64_t)second);
	return good & (*attempt > 0);
}
