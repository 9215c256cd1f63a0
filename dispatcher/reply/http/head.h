#pragma once

/*
 * The head of an HTTP request (RFC 9112), read strictly and byte by byte before evhttp sees any
 * of it. evhttp is lenient where two readers of one stream must not differ: it takes the first
 * of two lengths, "+3" as a length, lines that end in LF alone, a NUL in a header, a blank
 * before the colon, an absolute URI. All of that is refused here, with the status that fits, so
 * that evhttp only ever reads what has one meaning.
 *
 * A transfer coding is refused as well: no browser sends a form in chunks.
 */

#include "common/base/buf.h"
#include "common/base/must.h"
#include <stdbool.h>
#include <stddef.h>

/* Bytes. What monitoring sends to a hook may be longer than what a person does. */
enum { HEAD_MOST = 8192, BODY_MOST = 65536, HOOK_BODY_MOST = 262144 };

enum method { METHOD_NONE = 0, METHOD_GET, METHOD_HEAD, METHOD_POST };

struct head {
	enum method method;
	bool modern; /* HTTP/1.1 */
	bool hook;   /* to /hooks/ */
	bool has_length, has_host, has_coding;
	size_t content_length;
	size_t size; /* bytes so far */
	int lines;   /* whole lines so far */
	struct buf line;
};

enum head_status {
	HEAD_MORE,    /* go on feeding */
	HEAD_DONE,    /* content_length bytes of body follow */
	HEAD_REFUSED, /* refusal says why */
};

struct head_refusal {
	int status;      /* 400, 405, 411, 413, 414, 417, 431 or 505 */
	const char *why; /* for the log; a constant text, nothing of the request's */
};

/*
 * Takes up to `length` bytes; *used says how many belong to the head. After HEAD_DONE or
 * HEAD_REFUSED it must be cleared before it is fed again.
 */
MUST_USE enum head_status head_feed(struct head *head, const char *bytes, size_t length,
				    size_t *used, struct head_refusal *refusal);
void head_clear(struct head *head);
