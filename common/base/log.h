#pragma once

/*
 * One line an event, key=value, to stderr (the journal's or the terminal's):
 *
 *	2026-11-21T04:05:06.789Z info scheduler[812] attempt.queued attempt=9 broadcast=1 person=4
 *
 * Ids always go by the same names: broadcast= person= attempt= channel=. Text from outside is
 * quoted with log_quote(), addresses are written with log_address() and nothing else.
 */

#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* `process` is kept, not copied. */
void log_open(const char *process, enum log_level least, bool full_addresses);
void log_level_set(enum log_level least, bool full_addresses);

/* `event` is dotted, object first: "broadcast.finished". `format` may be NULL. */
void log_event(enum log_level level, const char *event, const char *format, ...) PRINTF(3, 4);

#define log_debug(event, ...)	log_event(LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...)	log_event(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_warning(event, ...) log_event(LOG_LEVEL_WARNING, event, __VA_ARGS__)
#define log_error(event, ...)	log_event(LOG_LEVEL_ERROR, event, __VA_ARGS__)

/*
 * A line at level info of which there is one an attempt, made without printf(): ids and words in
 * their order.
 */
struct log_id {
	const char *name, *word; /* word NULL: the number */
	int64_t number;
};
void log_ids(const char *event, const struct log_id *ids, size_t count);

/*
 * Between these two lines are gathered and written together: for work of which many lines come. A
 * warning or an error lets all go at once, and so does a line that comes 0.1 s after the first. Calls
 * may stand within each other.
 */
void log_hold(void);
void log_release(void);

/* Both return one of eight rotating buffers: good until the eighth call after. */
const char *log_quote(const char *text);      /* "in quotes", controls escaped, 240 bytes at most */
const char *log_address(const char *address); /* u***@example.com, *******0001; whole if allowed */

/*
 * A copy of somebody else's words with the addresses and telephone numbers in them masked, controls
 * turned to blanks, cut at `most` bytes within no character. The caller frees.
 */
MUST_USE char *log_masked(const char *text, size_t most);
