#include "common/base/log.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/number.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ROTATING = 8,
	QUOTED = 256,
	LINE_MOST = 2048,
	HELD_MS = 100, /* how old a held line may become while others follow it */
};

static const char *process_name = "tenko";
static char process_tag[64] = "tenko";
static struct {
	char bytes[PIPE_BUF]; /* so much goes into a pipe at one stroke */
	size_t length;
	int depth;     /* of log_hold() */
	int64_t since; /* UTC: the first of them */
} held;
static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER; /* a writer's thread may log, too */
static enum log_level least_level = LOG_LEVEL_INFO;
static bool addresses_in_full;

static const char *const level_names[] = {
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_ERROR] = "error",
};

static void write_held(void);

static void remember_process(void)
{
	snprintf(process_tag, sizeof process_tag, "%s[%d]", process_name, (int)getpid());
}

/* What was held goes out even where a bug ends the process; write() may be called here. */
static void on_abort(int signal)
{
	(void)signal;
	write_held();
}

void log_open(const char *process, enum log_level least, bool full_addresses)
{
	static bool watched;

	process_name = process;
	remember_process();
	log_level_set(least, full_addresses);
	if (!watched) {
		pthread_atfork(NULL, NULL, remember_process);
		signal(SIGABRT, on_abort);
		atexit(write_held);
	}
	watched = true;
}

void log_level_set(enum log_level least, bool full_addresses)
{
	least_level = least;
	addresses_in_full = full_addresses;
}

/* holding */

/* A full pipe loses the lines. */
static void write_held(void)
{
	if (held.length == 0)
		return;
	ssize_t written = write(STDERR_FILENO, held.bytes, held.length);
	(void)written;
	held.length = 0;
}

void log_hold(void)
{
	pthread_mutex_lock(&held_lock);
	held.depth++;
	pthread_mutex_unlock(&held_lock);
}

void log_release(void)
{
	pthread_mutex_lock(&held_lock);
	assert(held.depth > 0);
	if (--held.depth == 0)
		write_held();
	pthread_mutex_unlock(&held_lock);
}

/* Whole lines go out with one write: those of several processes do not mix. */
static void put_line(enum log_level level, const char *line, size_t length, int64_t now)
{
	pthread_mutex_lock(&held_lock);
	if (sizeof held.bytes - held.length < length)
		write_held();
	if (held.length == 0)
		held.since = now;
	memcpy(held.bytes + held.length, line, length);
	held.length += length;
	if (held.depth == 0 || level >= LOG_LEVEL_WARNING || now - held.since >= HELD_MS ||
	    now < held.since)
		write_held();
	pthread_mutex_unlock(&held_lock);
}

/* lines */

/* A line as it is made: what does not fit is left out, the end of the line always does. */
struct line {
	char text[LINE_MOST];
	size_t length;
	int64_t now;
};

static void add(struct line *line, const char *text, size_t length)
{
	size_t room = LINE_MOST - 2 - line->length;

	length = length < room ? length : room;
	memcpy(line->text + line->length, text, length);
	line->length += length;
}

static void add_text(struct line *line, const char *text)
{
	add(line, text, strlen(text));
}

/* Most lines have the second of the line before. */
static void add_stamp(struct line *line)
{
	enum { TO_SECONDS = 20 }; /* "2026-11-21T04:05:06." */
	static _Thread_local char stamp[CLOCK_TEXT];
	static _Thread_local int64_t stamped = -1;
	int64_t second = line->now / 1000;
	int ms = (int)(line->now % 1000);

	if (second != stamped)
		clock_utc_text(line->now, stamp);
	stamped = second;
	add(line, stamp, TO_SECONDS);
	const char rest[] = {(char)('0' + ms / 100), (char)('0' + ms / 10 % 10),
			     (char)('0' + ms % 10), 'Z', ' '};
	add(line, rest, sizeof rest);
}

static void begin_line(struct line *line, enum log_level level, const char *event)
{
	line->length = 0;
	line->now = clock_utc();
	add_stamp(line);
	add_text(line, level_names[level]);
	add(line, " ", 1);
	add_text(line, process_tag);
	add(line, " ", 1);
	add_text(line, event);
}

static void end_line(struct line *line, enum log_level level)
{
	line->text[line->length++] = '\n';
	put_line(level, line->text, line->length, line->now);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
	struct line line;

	if (level < least_level)
		return;
	begin_line(&line, level, event);
	if (format) {
		va_list args;
		add(&line, " ", 1);
		size_t room = LINE_MOST - 1 - line.length;
		va_start(args, format);
		int more = vsnprintf(line.text + line.length, room, format, args);
		va_end(args);
		if (more > 0)
			line.length += (size_t)more < room ? (size_t)more : room - 1;
	}
	end_line(&line, level);
}

void log_ids(const char *event, const struct log_id *ids, size_t count)
{
	char digits[NUMBER_TEXT];
	struct line line;

	if (LOG_LEVEL_INFO < least_level)
		return;
	begin_line(&line, LOG_LEVEL_INFO, event);
	for (size_t i = 0; i < count; i++) {
		add(&line, " ", 1);
		add_text(&line, ids[i].name);
		add(&line, "=", 1);
		add_text(&line, ids[i].word ? ids[i].word
					    : number_text(ids[i].number, digits));
	}
	end_line(&line, LOG_LEVEL_INFO);
}

/* quoting and masking */

static char *rotating(void)
{
	static _Thread_local char buffers[ROTATING][QUOTED];
	static _Thread_local unsigned next;
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
