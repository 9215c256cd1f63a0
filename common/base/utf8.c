#include "common/base/utf8.h"

#include <string.h>

size_t utf8_decode(const void *bytes, size_t length, uint32_t *character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = bytes;
	size_t size;
	uint32_t c;

	if (length == 0)
		return 0;
	if (p[0] < 0x80) {
		*character = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		size = 2;
		c = p[0] & 0x1f;
	} else if ((p[0] & 0xf0) == 0xe0) {
		size = 3;
		c = p[0] & 0x0f;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		size = 4;
		c = p[0] & 0x07;
	} else {
		return 0;
	}
	if (length < size)
		return 0;
	for (size_t i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[size] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*character = c;
	return size;
}

bool utf8_valid(const void *bytes, size_t length)
{
	const unsigned char *p = bytes;

	while (length) {
		uint32_t character;
		size_t size = utf8_decode(p, length, &character);
		if (size == 0 || character == 0)
			return false;
		p += size;
		length -= size;
	}
	return true;
}

static bool is_first_byte(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

size_t utf8_count(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += is_first_byte(*text);
	return count;
}

size_t utf8_offset(const char *text, size_t characters)
{
	const char *p = text;

	for (; *p; p++)
		if (is_first_byte(*p) && characters-- == 0)
			break;
	return (size_t)(p - text);
}

/* East Asian wide and fullwidth ranges (UAX #11), as far as names and messages use them. */
static bool is_wide(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x1100, 0x115f},   {0x2e80, 0x303e},	{0x3041, 0x33ff},   {0x3400, 0x4dbf},
		{0x4e00, 0x9fff},   {0xa000, 0xa4cf},	{0xac00, 0xd7a3},   {0xf900, 0xfaff},
		{0xfe30, 0xfe6f},   {0xff00, 0xff60},	{0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
		{0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
	};

	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

size_t utf8_columns(const char *text)
{
	size_t columns = 0, left = strlen(text);

	while (left) {
		uint32_t c = 0;
		size_t size = utf8_decode(text, left, &c);
		if (size == 0)
			size = 1;
		bool combining = (c >= 0x300 && c <= 0x36f) || (c >= 0x3099 && c <= 0x309a) ||
				 (c >= 0xfe00 && c <= 0xfe0f) || c == 0x200d;
		columns += combining ? 0 : is_wide(c) ? 2 : 1;
		text += size;
		left -= size;
	}
	return columns;
}

bool utf8_has_controls(const char *text, bool lines_allowed)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool line = c == '\t' || c == '\r' || c == '\n';
		if ((c < 0x20 && !(line && lines_allowed)) || c == 0x7f)
			return true;
	}
	return false;
}
