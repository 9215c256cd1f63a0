#include "common/base/log.h"

#include "common/base/buf.h"
#include "common/base/clock.h"

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
