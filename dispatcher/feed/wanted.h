#pragma once

/*
 * Telegrams that a feed has named and that are not in the store yet. Each is fetched until it is,
 * or until it is too old to matter: then the store keeps that it was skipped, and why.
 */

#include "common/net/http_client.h"
#include "dispatcher/feed/atom.h"
#include "dispatcher/feed/feed.h"

struct wanted_list;

struct wanted_list *wanted_new(struct feed *feed, struct http_client *client);
void wanted_free(struct wanted_list *list); /* after the client; NULL is allowed */

/*
 * Puts in what is new of a feed's entries; `old` is true of a long feed, whose entries come after
 * those of the short ones. False: the store failed, or there are too many: ask the feed again.
 */
MUST_USE bool wanted_add(struct wanted_list *list, const struct atom *atom, bool old);

/* Starts what is due. When the next is due, on the monotonic clock; INT64_MAX: none. */
int64_t wanted_go_on(struct wanted_list *list, void (*changed)(void *arg), void *arg);
