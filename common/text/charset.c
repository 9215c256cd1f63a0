#include "common/text/charset.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"

#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPLACEMENT = 0xfffd, UTF8_MOST = 3 /* bytes of any character that CP932 has */ };

/*
 * CP932 code (one byte, or lead << 8 | trail) to character and back; 0: there is none. Way back
 * only what comes out the same again: iconv alone would turn ¥ into a backslash.
 */
static uint16_t character_of[0x10000];
static uint16_t code_of[0x10000];

static const struct {
	uint16_t character, twin;
} twins[] = {
	{0x301c, 0xff5e}, {0x2212, 0xff0d}, {0x2014, 0x2015}, {0x2016, 0x2225},
	{0x00a2, 0xffe0}, {0x00a3, 0xffe1}, {0x00ac, 0xffe2},
};

const char *charset_name(enum charset charset)
{
	static const char *const names[] = {
		[CHARSET_CP932] = "Shift_JIS (CP932)",
		[CHARSET_UTF8] = "UTF-8",
		[CHARSET_UTF16] = "UTF-16",
	};
	return names[charset];
}

/* tables */

/* One character by iconv: the bytes written, 0 where there is none. */
static size_t convert(iconv_t how, const unsigned char *in, size_t length, unsigned char out[8])
{
	char *from = (char *)in, *to = (char *)out;
	size_t left = length, room = 8;

	iconv(how, NULL, NULL, NULL, NULL);
	if (iconv(how, &from, &left, &to, &room) == (size_t)-1 || left)
		return 0;
	return 8 - room;
}

static void learn(iconv_t decode, iconv_t encode, unsigned code)
{
	unsigned char bytes[2] = {(unsigned char)(code >> 8), (unsigned char)code};
	unsigned char character[8], again[8];
	bool two = code > 0xff;

	if (convert(decode, two ? bytes : bytes + 1, two ? 2 : 1, character) != 2)
		return;
	character_of[code] = (uint16_t)(character[0] << 8 | character[1]);
	size_t size = convert(encode, character, 2, again);
	if (size == (two ? 2u : 1u) && memcmp(again, two ? bytes : bytes + 1, size) == 0)
		code_of[character_of[code]] = (uint16_t)code;
}

static void set_up_tables(void)
{
	if (character_of['A'])
		return;

	iconv_t decode = iconv_open("UTF-16BE", "CP932");
	iconv_t encode = iconv_open("CP932", "UTF-16BE");
	if (decode == (iconv_t)-1 || encode == (iconv_t)-1) {
		fputs("tenko: the system's iconv has no CP932 (gconv modules are missing)\n",
		      stderr);
		abort();
	}
	for (unsigned code = 1; code <= 0xff; code++)
		learn(decode, encode, code);
	for (unsigned lead = 0x81; lead <= 0xfc; lead++)
		for (unsigned trail = 0x40; trail <= 0xfc; trail++)
			if (!character_of[lead])
				learn(decode, encode, lead << 8 | trail);
	iconv_close(decode);
	iconv_close(encode);
}

/* reading */

static bool is_ascii(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] & 0x80)
			return false;
	return true;
}

enum charset charset_detect(const char *bytes, size_t length)
{
	if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		return CHARSET_UTF8;
	if (length >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0))
		return CHARSET_UTF16;
	while (length) {
		const char *end = memchr(bytes, '\n', length);
		size_t line = end ? (size_t)(end - bytes) + 1 : length;
		if (!is_ascii(bytes, line))
			return utf8_valid(bytes, line) ? CHARSET_UTF8 : CHARSET_CP932;
		bytes += line;
		length -= line;
	}
	return CHARSET_UTF8;
}

static char *put_utf8(char *to, unsigned character)
{
	if (character < 0x80) {
		*to++ = (char)character;
	} else if (character < 0x800) {
		*to++ = (char)(0xc0 | character >> 6);
		*to++ = (char)(0x80 | (character & 0x3f));
	} else {
		*to++ = (char)(0xe0 | character >> 12);
		*to++ = (char)(0x80 | (character >> 6 & 0x3f));
		*to++ = (char)(0x80 | (character & 0x3f));
	}
	return to;
}

/* One character: its size in bytes; 0 where the first byte is not sound. */
static size_t cp932_decode(const unsigned char *in, size_t left, unsigned *character)
{
	*character = character_of[in[0]];
	if (*character || in[0] == 0)
		return 1;
	if (left > 1)
		*character = character_of[in[0] << 8 | in[1]];
	return *character ? 2 : 0;
}

static size_t cp932_to_utf8(const unsigned char *in, size_t length, char **to)
{
	size_t unsound = 0;

	while (length) {
		unsigned character;
		size_t size = cp932_decode(in, length, &character);
		if (size == 0) {
			character = REPLACEMENT;
			size = 1;
			unsound++;
		}
		*to = put_utf8(*to, character);
		in += size;
		length -= size;
	}
	return unsound;
}

static size_t utf8_to_utf8(const unsigned char *in, size_t length, char **to)
{
	size_t unsound = 0;

	if (length >= 3 && memcmp(in, "\xef\xbb\xbf", 3) == 0) {
		in += 3;
		length -= 3;
	}
	while (length) {
		uint32_t character;
		size_t size = utf8_decode(in, length, &character);
		if (size) {
			memcpy(*to, in, size);
			*to += size;
		} else {
			*to = put_utf8(*to, REPLACEMENT);
			size = 1;
			unsound++;
		}
		in += size;
		length -= size;
	}
	return unsound;
}

size_t charset_to_utf8(enum charset from, const char *bytes, size_t length, struct buf *out)
{
	const unsigned char *in = (const unsigned char *)bytes;
	size_t room = out->length + length * UTF8_MOST + 1, unsound;

	if (room > out->room) {
		out->data = mem_resize(out->data, room, 1);
		out->room = room;
	}
	char *to = out->data + out->length;
	if (from == CHARSET_CP932) {
		set_up_tables();
		unsound = cp932_to_utf8(in, length, &to);
	} else {
		unsound = utf8_to_utf8(in, length, &to);
	}
	*to = '\0';
	out->length = (size_t)(to - out->data);
	return unsound;
}

/* writing */

static unsigned cp932_encode(uint32_t character)
{
	if (character > 0xffff)
		return 0;
	if (code_of[character])
		return code_of[character];
	for (size_t i = 0; i < LENGTH(twins); i++)
		if (twins[i].character == character)
			return code_of[twins[i].twin];
	return 0;
}

bool charset_to_cp932(const char *text, struct buf *out, uint32_t *missing)
{
	size_t left = strlen(text), before = out->length;

	set_up_tables();
	while (left) {
		uint32_t character = REPLACEMENT;
		size_t size = utf8_decode(text, left, &character);
		unsigned code = size ? cp932_encode(character) : 0;
		if (!code) {
			*missing = character;
			out->length = before;
			if (out->data)
				out->data[before] = '\0';
			return false;
		}
		if (code > 0xff)
			buf_char(out, (char)(code >> 8));
		buf_char(out, (char)code);
		text += size;
		left -= size;
	}
	return true;
}
