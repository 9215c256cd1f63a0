#pragma once

/*
 * How attempts ended, on the wire. A worker reports what it has in hand at one stroke: a report holds
 * one result or many. Versioned and strictly decoded like a job (job.h), in the same notation:
 *
 *	version 3 (u8) worker count (u16, 1 to REPORT_MOST), then so many times
 *	outcome (u8) attempt (i64) started (i64) finished (i64) detail gone reference
 *
 * Older ones may still be in the queue when a newer program starts. They hold one result:
 *
 *	version 2 (u8) outcome (u8) attempt (i64) started (i64) finished (i64)
 *	worker detail gone reference; version 1 ended before gone
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/base/vocabulary.h"
#include <stdbool.h>
#include <stdint.h>

enum { REPORT_MOST = 500 }; /* results in one */

struct result {
	enum outcome outcome;
	int64_t attempt;
	int64_t started, finished; /* UTC milliseconds */
	char *worker;              /* "mail-1@host" */
	char *detail;              /* the other side's words, addresses masked */
	char *gone;                /* push: ids of devices that are no more, "3 4"; NULL: none */
	char *reference;           /* the provider's id of a call that was placed; NULL: none */
};

/* `count` results of one worker, 1 to REPORT_MOST. */
void report_encode(const struct result *results, size_t count, struct buf *out);

/*
 * Reads a report into `list`, which has room for REPORT_MOST. Their texts stand in *texts, one block
 * that the caller frees. False: *reason says why, a constant text; nothing is kept.
 */
MUST_USE bool report_decode(const void *bytes, size_t length, struct result *list, size_t *count,
			    char **texts, const char **reason);
