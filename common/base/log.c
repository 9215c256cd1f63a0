#include "common/base/log.h"

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROTATING = 8, QUOTED = 256 };

static const char *process_name = "tenko";
static enum log_level least_level = LOG_LEVEL_INFO;
static bool addresses_in_full;

static const char *const level_names[] = {
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_ERROR] = "error",
};

void log_open(const char *process, enum log_level least, bool full_addresses)
{
	process_name = process;
	log_level_set(least, full_addresses);
}

void log_level_set(enum log_level least, bool full_addresses)
{
	least_level = least;
	addresses_in_full = full_addresses;
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
	char stamp[CLOCK_TEXT], line[2048];
	size_t length;

	if (level < least_level)
		return;
	length = (size_t)snprintf(line, sizeof line, "%s %s %s[%d] %s", clock_utc_text(clock_utc(), stamp),
				  level_names[level], process_name, (int)getpid(), event);
	if (format) {
		va_list args;
		line[length++] = ' ';
		va_start(args, format);
		int more = vsnprintf(line + length, sizeof line - length - 1, format, args);
		va_end(args);
		if (more > 0)
			length += (size_t)more;
		if (length > sizeof line - 2)
			length = sizeof line - 2;
	}
	line[length++] = '\n';
	/* One write a line: lines of several processes do not mix. A full pipe loses the line. */
	ssize_t written = write(STDERR_FILENO, line, length);
	(void)written;
}

static char *rotating(void)
{
	static char buffers[ROTATING][QUOTED];
	static unsigned next;
	return buffers[next++ % ROTATING];
}

const char *log_quote(const char *text)
{
	char *quoted = rotating();
	size_t n = 0;

	quoted[n++] = '"';
	for (const unsigned char *p = (const unsigned char *)text; p && *p; p++) {
		if (n > QUOTED - 8)
			break;
		if (*p == '"' || *p == '\\') {
			quoted[n++] = '\\';
			quoted[n++] = (char)*p;
		} else if (*p < 0x20 || *p == 0x7f) {
			n += (size_t)snprintf(quoted + n, 5, "\\x%02x", *p);
		} else {
			quoted[n++] = (char)*p;
		}
	}
	quoted[n++] = '"';
	quoted[n] = '\0';
	return quoted;
}

const char *log_address(const char *address)
{
	if (addresses_in_full)
		return log_quote(address);

	char *masked = rotating();
	const char *at = strrchr(address, '@');
	size_t length = strlen(address);
	if (at)
		snprintf(masked, QUOTED, "%.1s***%.200s", at > address ? address : "", at);
	else
		snprintf(masked, QUOTED, "*******%s", length > 8 ? address + length - 4 : "");
	return log_quote(masked);
}

static bool is_local_part(char c)
{
	return (unsigned char)c > ' ' && !strchr("<>()[]:;,\"\\@", c);
}

static void mask_mail_addresses(char *text)
{
	for (char *at = strchr(text, '@'); at; at = strchr(at + 1, '@')) {
		char *first = at;
		while (first > text && is_local_part(first[-1]))
			first--;
		for (char *p = first + 1; p < at; p++)
			*p = '*';
	}
}

/* Seven digits in a row are taken for a telephone number. */
static void mask_numbers(char *text)
{
	enum { SHORTEST = 7, SHOWN = 2 };

	for (char *p = text; *p;) {
		size_t run = strspn(p, "0123456789");
		if (run >= SHORTEST)
			memset(p, '*', run - SHOWN);
		p += run ? run : 1;
	}
}

char *log_masked(const char *text, size_t most)
{
	size_t length = strlen(text);

	if (length > most) {
		length = most;
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	}
	char *copy = mem_copy(text, length);
	for (char *p = copy; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	if (!addresses_in_full) {
		mask_mail_addresses(copy);
		mask_numbers(copy);
	}
	return copy;
}
