#pragma once

/*
 * An address that is asked again and again.
 *
 * The long Atom feeds are asked after a start, and again where nothing could be fetched for longer
 * than the short ones go back: once at once, and once more when they have been made anew (hourly).
 */

#include "common/base/must.h"
#include "common/net/http_client.h"
#include "dispatcher/feed/feed.h"

#define SOURCE_KINDS(X)           \
	X(ATOM, "atom")           \
	X(ATOM_LONG, "atom_long") \
	X(P2PQUAKE, "p2pquake")   \
	X(CAP, "cap")

#define X(symbol, name) PULL_##symbol,
enum source_kind { SOURCE_KINDS(X) };
#undef X

const char *source_kind_name(enum source_kind kind);

struct source {
	struct feed *feed;
	enum source_kind kind;
	char *url;
	char *shown; /* the address without what may be a secret, for the log */
	struct http_request request;
	char *conditions[2]; /* headers that ask for news only; NULL: none */
	bool busy;
	int64_t due;         /* monotonic; INT64_MAX: not by itself */
	int failures;        /* in a row */
	int repeats;         /* a long feed is to be asked so often more */
	int64_t answered_at; /* UTC, the last sound answer; 0 never */
	int64_t noted_at;    /* monotonic, when the store was told last */
	int64_t since;       /* monotonic, the last sound answer or the start */
	bool stale;          /* warned of */
};

struct source *source_new(struct feed *feed, enum source_kind kind, const char *url);
void source_free(struct source *source);

/* Makes the request ready to be started. */
void source_prepare(struct source *source);

/* It answered and the answer was taken in (`fault` NULL), or not. Sets when it is due again. */
void source_answered(struct source *source, const char *fault);

/* Whether this answer came after so long that something may have been missed; before the above. */
MUST_USE bool source_has_gap(const struct source *source);

/* A long feed is due now. */
void source_call(struct source *source);

void source_look(struct source *source);
