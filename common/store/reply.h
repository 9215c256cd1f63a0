#pragma once

/*
 * Replies: facts that the reply endpoint and the operator's command append. All are kept, the
 * newest of a person counts. The scheduler reads them in order of id.
 */

#include "common/base/vocabulary.h"
#include "common/store/states.h"
#include "common/store/store.h"
#include <stdbool.h>

struct reply {
	int64_t id; /* set by reply_append() */
	int64_t broadcast, person;
	const char *choice;  /* a key of the broadcast's choices */
	const char *items;   /* JSON array of texts, as many as the question has items at most */
	const char *comment; /* UTF-8, COMMENT_MOST characters at most */
	enum reply_way way;
	const char *by;	     /* who entered it; empty: the person */
	const char *who;     /* for the ledger: who is at the keyboard; NULL: the person */
	int64_t at;	     /* UTC milliseconds */
};

enum { COMMENT_MOST = 1000, ITEM_MOST = 200 }; /* characters */

/*
 * In a transaction of the caller's, with its row of the ledger. The caller has checked that the
 * delivery's person is real.
 */
MUST_USE enum store_status reply_append(struct store *store, struct reply *reply);

/* Whether the person answered in this way, from a moment to another, both included. */
MUST_USE enum store_status reply_given(struct store *store, int64_t broadcast, int64_t person,
				       enum reply_way way, int64_t from, int64_t to, bool *given);

/* What the reply page shows. Texts are owned by the struct. */
struct reply_page {
	int64_t broadcast, person;
	char *name;		/* the person's */
	enum language language;
	enum kind kind;
	enum broadcast_state state;
	char *title, *title_en, *body, *body_en;
	char *choices, *items;	/* JSON, see broadcast.h */
	int64_t requested_at, expires_at;
	int64_t replied_at;	/* 0: not yet */
	char *choice;		/* the newest reply's, empty where there is none */
	char *reply_items;	/* JSON array */
	char *comment;
	int64_t plan; /* the person's dial order, packed */
	bool lent;    /* kind, title, body and question are those of another, which owns them */
};

/*
 * STORE_NONE: no such broadcast, or the person is none of its targets. A target whose delivery is
 * not made yet (the fan-out runs) counts as one.
 */
MUST_USE enum store_status reply_page_load(struct store *store, int64_t broadcast, int64_t person,
					   struct reply_page *page);

/*
 * The same in parts. What is asked (kind, title, body, question, when) never changes: it may be
 * kept, and lent to the pages of all who are asked, which must be freed before it. A page of one
 * person comes without the newest reply, as if there were none.
 */
MUST_USE enum store_status reply_page_asked(struct store *store, int64_t broadcast,
					    struct reply_page *asked);
MUST_USE enum store_status reply_page_of(struct store *store, const struct reply_page *asked,
					 int64_t person, struct reply_page *page);
MUST_USE enum store_status reply_page_newest(struct store *store, struct reply_page *page);
void reply_page_free(struct reply_page *page);
